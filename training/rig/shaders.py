"""GLSL of the renderer: one small program per material, since llvmpipe dislikes branches.

Every fragment writes premultiplied colour, so that multisampling and fading layers stay right.
Lighting: a shadowed key light per pixel, a rim light, and the room as spherical harmonics per
vertex, times baked occlusion. Skin wraps light per colour (red travels furthest under skin).
"""

from __future__ import annotations

from typing import Final

_SCENE = """#version 330
layout(std140) uniform Scene {
    mat4 camera; mat4 shadow_camera; vec4 eye; vec4 key_direction; vec4 key_colour;
    vec4 rim_direction; vec4 rim_colour; vec4 sky[9]; vec4 select; vec4 settings;
};
"""

VERTEX: Final = (
    _SCENE
    + """
in vec3 point; in vec3 normal; in float light; in vec2 uv; in vec4 layer_alpha; in float occlusion;
#ifdef HAIR
in vec3 tangent; out vec3 T;
#endif
out vec3 P; out vec3 N; out vec2 UV; out vec3 S; out vec2 SKY; out vec3 ROOM; out float A; out float L;
vec3 room(vec3 n) {
    vec3 c = sky[0].rgb * .282095 + .488603 * (sky[1].rgb * n.y + sky[2].rgb * n.z + sky[3].rgb * n.x);
    c += 1.092548 * (sky[4].rgb * n.x * n.y + sky[5].rgb * n.y * n.z + sky[7].rgb * n.x * n.z);
    c += .315392 * sky[6].rgb * (3. * n.z * n.z - 1.) + .546274 * sky[8].rgb * (n.x * n.x - n.y * n.y);
    return max(c, vec3(0.));
}
void main() {
    vec3 n = normalize(normal);
#ifdef HAIR
    T = tangent;
    if (dot(n, eye.xyz - point) < 0.) n = -n;
    ROOM = (room(n) + room(vec3(0., .6, .8))) * .5 * occlusion;
#else
    ROOM = room(n) * occlusion;
#endif
    P = point; N = n; UV = uv; L = light; SKY = vec2(occlusion, light);
    A = settings.y > .5 ? 1. : clamp(dot(select, layer_alpha), 0., 1.);
    vec4 s = shadow_camera * vec4(point + n * .012, 1.);
    S = s.xyz * .5 + .5 - vec3(0., 0., .0025);
    gl_Position = camera * vec4(point, 1.);
}
"""
)

_FRAGMENT = (
    _SCENE
    + """
in vec3 P; in vec3 N; in vec2 UV; in vec3 S; in vec2 SKY; in vec3 ROOM; in float A; in float L;
#ifdef HAIR
in vec3 T;
#endif
out vec4 result;
uniform sampler2D image; uniform sampler2DShadow shadow_map; uniform sampler2D detail;
uniform vec3 tint; uniform vec3 colour; uniform float recolour; uniform float brightness;
const float R = .010;
float shadow4() {
    return .25 * (textureLod(shadow_map, S + vec3(R, .4 * R, 0.), 0.) + textureLod(shadow_map, S + vec3(-.4 * R, R, 0.), 0.)
        + textureLod(shadow_map, S + vec3(-R, -.4 * R, 0.), 0.) + textureLod(shadow_map, S + vec3(.4 * R, -R, 0.), 0.));
}
float shadow8() {
    const float Q = R * .45;
    return .5 * shadow4() + .125 * (textureLod(shadow_map, S + vec3(Q, -.3 * Q, 0.), 0.) + textureLod(shadow_map, S + vec3(.3 * Q, Q, 0.), 0.)
        + textureLod(shadow_map, S + vec3(-Q, .3 * Q, 0.), 0.) + textureLod(shadow_map, S + vec3(-.3 * Q, -Q, 0.), 0.));
}
vec3 linear(vec3 c) { return c * (c * (c * .305306011 + .682171111) + .012522878); }
vec3 film(vec3 c) {
    c *= settings.x;
    c = c * (1. + c * .22) / (1. + c * .92);
    return pow(clamp(c * 1.12, 0., 1.), vec3(1. / 2.2));
}
float highlight(vec3 n, vec3 v, vec3 l, float rough) {
    vec3 h = normalize(v + l);
    float a = rough * rough, nh = max(dot(n, h), 0.), d = nh * nh * (a * a - 1.) + 1.;
    float lh = max(dot(l, h), .1);
    return max(dot(n, l), 0.) * a * a / (4. * 3.14159 * d * d * lh * lh * (rough + .5));
}
"""
)

_SKIN = """
void main() {
    if (A < .004) discard;
    vec4 t = texture(image, UV);
    vec3 albedo = linear(t.rgb) * tint;
    float lips = 1. - t.a;
    vec3 v = normalize(eye.xyz - P), n = normalize(N);
    if (!gl_FrontFacing) n = -n;
    vec4 d = texture(detail, UV * 34.);
    vec3 side = normalize(cross(n, vec3(0., 1., .13))), rise = cross(side, n);
    vec3 m = normalize(n + (side * (d.g - .5) + rise * (d.b - .5)) * mix(.30, .55, lips));
    float shade = shadow8(), facing = dot(mix(n, m, .5), key_direction.xyz);
    vec3 wrap = vec3(.40, .22, .15);
    vec3 soft = clamp((facing + wrap) / (1. + wrap), 0., 1.);
    vec3 through = vec3(sqrt(shade), shade * .3 + shade * shade * .7, shade * shade * .3 + shade * .7);
    vec3 c = albedo * (key_colour.rgb * soft * soft * through * 1.25);
    vec3 bounce = pow(vec3(clamp(SKY.x, .02, 1.)), vec3(-.30, -.08, 0.));
    c += albedo * ROOM * bounce;
    float back = clamp((dot(n, rim_direction.xyz) + .25) / 1.25, 0., 1.);
    c += albedo * rim_colour.rgb * back * SKY.x;
    float rough = mix(.46 + .10 * d.r, .30, lips);
    float gloss = highlight(m, v, key_direction.xyz, rough) * .55 + highlight(n, v, key_direction.xyz, .62) * .45;
    c += key_colour.rgb * gloss * shade * mix(.030, .050, lips) * 3.1;
    float edge = pow(1. - max(dot(n, v), 0.), 4.);
    c += ROOM * (edge * .10 + .012 + .02 * lips) + rim_colour.rgb * highlight(n, v, rim_direction.xyz, .5) * .05 * SKY.x;
    result = vec4(film(c * L) * A, A);
}
"""

_EYE = """
void main() {
    vec4 t = texture(image, UV);
    if (t.a < .5) discard;
    vec3 a = linear(t.rgb), v = normalize(eye.xyz - P), n = normalize(N);
    float grey = dot(a, vec3(.3, .5, .2)), iris = smoothstep(.42, .18, grey);
    a = mix(mix(vec3(grey), a, .55) * .74, a * tint * 1.25, iris);
    float shade = .25 + .75 * shadow4();
    float facing = clamp((dot(n, key_direction.xyz) + .45) / 1.45, 0., 1.);
    vec3 c = a * (key_colour.rgb * facing * shade * .95 + ROOM * .95);
    c *= L * mix(vec3(1.), vec3(1.04, .97, .95), 1. - L);
    c += key_colour.rgb * highlight(n, v, key_direction.xyz, .22) * .012 * shade * L;
    result = vec4(film(c), 1.);
}
"""

_CORNEA = """
void main() {
    vec4 t = texture(image, UV);
    if (t.a > .5) discard;
    vec3 v = normalize(eye.xyz - P), n = normalize(N);
    vec3 r = reflect(-v, n);
    vec3 window = normalize(key_direction.xyz + vec3(0., .04, .25));
    vec3 u = normalize(cross(window, vec3(0., 1., 0.))), w = cross(u, window);
    vec2 q = abs(vec2(dot(r, u), dot(r, w)));
    float pane = dot(r, window) > 0. ? smoothstep(.21, .15, max(q.x, q.y * .8)) : 0.;
    float spark = (pane * 1.3 + highlight(n, v, key_direction.xyz, .16) * .02) * (.35 + .65 * L);
    float room = .035 * smoothstep(-.1, .8, r.y) * L;
    result = vec4(film(key_colour.rgb * spark * .55 + ROOM * room), 0.);
}
"""

_TEETH = """
void main() {
    vec4 t = texture(image, UV);
    if (t.a < .4) discard;
    vec3 a = linear(t.rgb), v = normalize(eye.xyz - P), n = normalize(N);
    float gum = smoothstep(.10, .35, a.r - a.g);
    a = mix(mix(vec3(dot(a, vec3(.33))), a, .7) * vec3(1.12, 1.06, .97) * 1.15, a * vec3(.80, .62, .60), gum);
    float shade = .35 + .65 * shadow4();
    float facing = clamp((dot(n, key_direction.xyz) + .5) / 1.5, 0., 1.);
    float open = smoothstep(.02, .42, L);
    vec3 c = a * (key_colour.rgb * facing * shade * .85 + ROOM / max(SKY.x, .25) * .60) * open;
    c += key_colour.rgb * highlight(n, v, key_direction.xyz, .25) * .02 * shade * open;
    result = vec4(film(c), 1.);
}
"""

_TONGUE = """
void main() {
    vec3 a = linear(texture(image, UV).rgb), v = normalize(eye.xyz - P), n = normalize(N);
    a = mix(vec3(dot(a, vec3(.4, .4, .2))), a, .85) * vec3(.95, .80, .78);
    float shade = .35 + .65 * shadow4();
    float facing = clamp((dot(n, key_direction.xyz) + .4) / 1.4, 0., 1.);
    float open = smoothstep(.02, .50, L);
    vec3 c = a * (key_colour.rgb * facing * shade * .9 + ROOM / max(SKY.x, .25) * .6) * open;
    c += key_colour.rgb * highlight(n, v, key_direction.xyz, .34) * .03 * shade * open;
    result = vec4(film(c), 1.);
}
"""

_CLOTH = """
void main() {
    vec3 a = linear(texture(image, UV).rgb) * tint;
    if (recolour > .5) a = colour * clamp(pow(dot(a, vec3(.3, .5, .2)) / brightness, .6), .3, 2.2);
    vec3 v = normalize(eye.xyz - P), n = normalize(N);
    if (!gl_FrontFacing) n = -n;
    float shade = shadow4(), facing = clamp((dot(n, key_direction.xyz) + .15) / 1.15, 0., 1.);
    vec3 c = a * (key_colour.rgb * facing * shade + ROOM);
    c += a * rim_colour.rgb * clamp(dot(n, rim_direction.xyz), 0., 1.) * SKY.x;
    float sheen = pow(1. - max(dot(n, v), 0.), 3.);
    c += ROOM * sheen * .05;
    result = vec4(film(c * L) * A, A);
}
"""

_HAIR = """
void main() {
    vec4 t = texture(image, UV);
    float grey = dot(linear(t.rgb), vec3(.3, .5, .2)), alpha = t.a;
    vec3 a = colour * clamp(pow(grey / brightness, .75), .18, 2.4);
#ifdef SOLID
    if (alpha < .72 || A < .996) discard;
    alpha = 1.;
#else
    if (alpha < .02 || A < .004 || (alpha >= .72 && A >= .996)) discard;
    alpha = clamp(alpha * 1.2, 0., 1.) * A;
#endif
    vec3 v = normalize(eye.xyz - P), n = normalize(N), tangent = normalize(T + 1e-5);
    float shade = shadow4() * .92 + .05, facing = dot(n, key_direction.xyz);
    float along = dot(tangent, key_direction.xyz), across = sqrt(max(1. - along * along, 0.));
    float lit = clamp((facing + .4) / 1.4, 0., 1.) * mix(1., across, .5) * shade;
    vec3 c = a * (key_colour.rgb * lit + ROOM * .95);
    float jitter = (grey / brightness - 1.) * .10;
    vec3 h = normalize(key_direction.xyz + v);
    float h1 = dot(normalize(tangent + n * (jitter - .06)), h), h2 = dot(normalize(tangent + n * (jitter + .14)), h);
    float visible = clamp(facing * 2. + .35, 0., 1.) * shade * SKY.x;
    c += key_colour.rgb * visible * (pow(max(1. - h1 * h1, 0.), 40.) * .030 + pow(max(1. - h2 * h2, 0.), 9.) * .20 * a);
    float rim = pow(clamp(dot(n, rim_direction.xyz) + .35, 0., 1.), 2.);
    c += rim_colour.rgb * rim * (a * .55 + .010) * SKY.x;
    result = vec4(film(c) * alpha, alpha);
}
"""

_THREADS = """
void main() {
    vec4 t = texture(image, UV);
    float grey = dot(linear(t.rgb), vec3(.3, .5, .2)), alpha = t.a * STRENGTH;
    if (alpha < .02) discard;
    vec3 a = COLOUR;
    vec3 n = normalize(N);
    float facing = clamp((dot(n, key_direction.xyz) + .4) / 1.4, 0., 1.);
    vec3 c = a * (key_colour.rgb * facing * shadow4() + ROOM);
    alpha = min(alpha, 1.);
    result = vec4(film(c) * alpha, alpha);
}
"""

_BROWS = _THREADS.replace("STRENGTH", "1.05").replace(
    "COLOUR", "colour * clamp(pow(grey / brightness, .75), .2, 2.)"
)
_LASHES = _THREADS.replace("STRENGTH", ".85").replace("COLOUR", "vec3(.012, .009, .008)")

FRAGMENTS: Final = {
    "skin": _FRAGMENT + _SKIN,
    "eye": _FRAGMENT + _EYE,
    "cornea": _FRAGMENT + _CORNEA,
    "teeth": _FRAGMENT + _TEETH,
    "tongue": _FRAGMENT + _TONGUE,
    "cloth": _FRAGMENT + _CLOTH,
    "hair_solid": _FRAGMENT.replace("#version 330", "#version 330\n#define HAIR\n#define SOLID")
    + _HAIR,
    "hair_soft": _FRAGMENT.replace("#version 330", "#version 330\n#define HAIR") + _HAIR,
    "brows": _FRAGMENT + _BROWS,
    "lashes": _FRAGMENT + _LASHES,
}

DEPTH_VERTEX: Final = """#version 330
uniform mat4 matrix; in vec3 point; in vec2 uv; in vec4 layer_alpha; uniform vec4 select;
out vec2 UV; out float A;
void main() { UV = uv; A = dot(select, layer_alpha); gl_Position = matrix * vec4(point, 1.); }
"""
DEPTH_FRAGMENT: Final = """#version 330
in vec2 UV; in float A; uniform sampler2D image; uniform float cut;
layout(location = 0) out vec4 result; layout(location = 1) out vec4 cover;
void main() { result = vec4(0.); cover = vec4(0.); if (A > .996 || (cut > 0. && texture(image, UV).a < cut)) discard; }
"""

VALUES_VERTEX: Final = """#version 330
uniform mat4 matrix; uniform vec4 select; uniform float whole;
in vec3 point; in vec2 uv; in vec4 layer_alpha; in vec4 value;
out vec2 UV; out float A; out vec4 V;
void main() {
    UV = uv; V = value; A = whole > .5 ? 1. : dot(select, layer_alpha);
    gl_Position = matrix * vec4(point, 1.);
}
"""
VALUES_FRAGMENT: Final = """#version 330
in vec2 UV; in float A; in vec4 V; uniform sampler2D image; uniform float cut; uniform float given;
layout(location = 0) out vec4 result; layout(location = 1) out vec4 cover;
void main() {
    if (A < .5 || (cut > 0. && texture(image, UV).a < cut)) discard;
    result = V; cover = vec4(given);
}
"""
