"""What the symbols of the MBROLA voices mean in PHONES.

Most voices use SAMPA or close to it: one base table, and tables of exceptions by the first two
letters of a database's name, or all three. The conventions are those of `phones` (IPA).
"""

from __future__ import annotations

from typing import Final

from training.speech.phones import PHONE_INDEX


class UnknownSymbolError(KeyError):
    """A symbol that no table names."""


def _table(text: str) -> dict[str, tuple[str, ...]]:
    """ "PB: p b; ..." as symbol to phones; several phones are joined by a plus."""
    found: dict[str, tuple[str, ...]] = {}
    for entry in text.replace("\n", " ").split(";"):
        if entry.strip():
            names, symbols = entry.strip().split(" = ", 1)
            phones = tuple(names.split("+"))
            if not all(phone in PHONE_INDEX for phone in phones):
                raise ValueError(f"no such phone in {names}")
            found.update(dict.fromkeys(symbols.split(), phones))
    return found


_BASE: Final = _table("""
SIL = _; PB = p b p_h ph bh p# b#; M = m m0 m2; FV = f v F v#; TH = T D;
TD = t d t_h th dh 4 t. d. t# d# tj dj d[ T. D.; SZ = s z s. z. rs s2 ss; SH = S Z tS dZ ts_h;
TD+SZ = ts dz ts2; PB+FV = pf;
N = n n' J nh nY ny n^ n- nj n0 J- n. lN n~; NG = N N0 ng;
L = l 5 L l' lh l^ l/ L/ l/2 l0 L';
AX+L = l= @L; R = r R rr r2 r/ R2 r' r0 * r.; ER = r=;
K = k g k_h kh gh x X G c C q k# g# c# J^ kj ?; HH = h H h\\ ;
J = j jj; W = w; AA = a A Q a~ A~ 6 6~ a. aa; AE = { &; EH = e E e~ E~ ee E1 E2 e/ e1 e* E#;
AX = @ V 3 @- @2 @3; IH = I 1 I2 i. I1; IY = i i~ ii i/ i1 i* I_;
OO = o O o~ O~ oo o/ o1 O1 O2 o*; UU = u U u~ uu } u0 u1 u* u/ u"; YY = y Y; OE = 2 9 9~ 2~ @';
AA+IH = aI AI ai; AA+UU = aU au Au; OO+IH = OI oi Oi oI; OO+UU = @U oU ou; EH+IH = EI eI ei Ei;
OO+IY = OY; OE+IH = 9y; IH+AX = I@; EH+AX = e@; UU+AX = U@; EH+UU = eU; OO+AX = O@;
IH+EH = ie; UU+OO = uo; EH+AA = eA; AA+J = 6~j~; AA+ER = A@; UU+R = UR
""")
_BY_VOICE: Final = {
    "it1": _table("""
PB = P B PP BB; TD = T D TT DD; K = K G KK GG; SH = ch gh CH GH sh SH tS dZ;
TD+SZ = ts dz TS DZ ts2; FV = F V FF VV; SZ = S Z SS ss; M = M MM; N = N NN gn GN J; NG = ng;
L = L gl GL LL;
R = R RR; J = j J_; W = W H; AA = A A1 A2; EH = E E1 E2; IY = I I1 I2; OO = O O1 O2; UU = U U1 U2
"""),
    "it": _table("AA = a1; N = nf"),
    "es": _table("K = H x h"),
    "br": _table("""
SH = j x; R = rr r2; J = y; W = w; AA = a am an; EH = e em en ee; IY = i im in;
OO = o om on oo; UU = u um un; AX = @
"""),
    "nl": _table("FV = w v f W; W = W_; K = G x g k; SH = S Z"),
    "id": _table("AA = V; OO = Q; UU = U; IY = I; K = X"),
    "ma": _table("AA = V; OO = Q; UU = U; IY = I; K = H G"),
    "tr": _table("IH = @; IY = I; OE = @'; AA = &"),
    "vz": _table("N = N; AA = a a*; FV = B; TH = D; L = L"),
    "ro": _table("TD+SZ = T; SH = C G S J; EH = e E; OO = o O; IH = 1 I"),
    "in": _table("""
TD = t d T D th dh Th Dh; SH = c ch j jh sh S dZ; J = y; R = r r.; AX = a;
AA = aa a~; IY = ii i~; UU = uu
"""),
    "pl1": _table("SH = s' z' ts' dz' S Z tS dZ; IH = I; EH = e~ e; OO = o~ o; N = n'"),
    "lt": _table("""
SZ = s' z'; TD = t' d'; SH = S' tS' Z' dZ'; L = l'; N = n'; EH+AX = eA; AA = aa a; IY = i ii
"""),
    "ee": _table("SZ = s'; TD = t' d'; AE = {; R = r"),
    "cz": _table("TD = t' d' T D; R = r' r\\; N = N n'; TD+SZ = c ts"),
    "hu": _table("TD = t' d'; AA = a O; OO = o"),
    "cr": _table("SH = tS' dZ' C c; L = L; N = J"),
    "la": _table("IH = I; UU = U"),
    "gr": _table("K = c x C g G k q Y X; IY = i; AA = a V; R = R r; FV = f v"),
    "ic": _table("K = c C x G k g; YY = Y y; TD = t d; OE+IH = 9y; TH = T D"),
    "af": _table("AX = @ $; OE = 9 2 &"),
    "jp": _table("UU = U; N = N n1; HH = C"),
}  # fmt: skip
_BY_VOICE["it2"] = _BY_VOICE["it1"]


def _pairs(text: str) -> dict[str, str]:
    return dict(pair.split(">") for pair in text.split())


RENAMES: Final[dict[str, dict[str, str]]] = {
    "es": _pairs("e/>e o/>o l^>l ;> R2>r"),
    "es4": _pairs("e/>e o/>o l^>l ;> R2>r j>i"),
    "mx": _pairs("e/>e o/>o l^>l ;>"),
    "vz": _pairs("e/>e o/>o l^>l ;>"),
    "it1": _pairs("tS>ch dZ>gh ss>SS j>J ts2>ts O2>O"),
    "it2": _pairs("tS>ch dZ>gh ss>SS j>J ts2>ts"),
    "it": _pairs("ss>s i/>i ts2>ts"),
    "cz1": _pairs("n'>N t'>T d'>D r'>r\\ h\\>h ts>c"),
    "lt": _pairs(";>"),
    "jp1": _pairs("r>rr U>u l>rr"),
    "jp2": _pairs("U>u l>r N>n"),
    "jp3": _pairs("r>rr U>u l>rr"),
    "de8": _pairs("i>i:"),
    "tr": _pairs("&>e l/>l L/>l"),
    "gr1": _pairs("R>r"),
    "ma": _pairs("o>@U O>Q l/>l"),
    "pl1": _pairs("E#>e"),
}
"""Symbols of espeak-ng that a database lacks, and what it has instead; nothing: taken out."""


def renamed(symbol: str, database: str) -> str:
    """The symbol that a database has for one of espeak-ng's."""
    for key in (database, database[:2]):
        if symbol in RENAMES.get(key, {}):
            return RENAMES[key][symbol]
    return symbol


def phones_of(symbol: str, database: str) -> tuple[str, ...]:
    """PHONES of a symbol of a database ("us1"), without length; raises UnknownSymbolError."""
    for table in (_BY_VOICE.get(database), _BY_VOICE.get(database[:2]), _BASE):
        if table is None:
            continue
        for name in (symbol, symbol.rstrip(":"), symbol.replace(":", "")):
            if name in table:
                return table[name]
    if len(symbol) > 1 and symbol[0] == "?":  # a glottal stop before a vowel (de4)
        return phones_of(symbol[1:], database)
    raise UnknownSymbolError(symbol)
