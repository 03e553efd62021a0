// A figure of a 3D film: a soft or stepped ramp, light that glows through, clean gloss.
// ramp: middle and softness of the terminator, share of steps, strength of cast shadows.
// finish: gloss, its roughness, glow of the outline, share of the picture's own shade.
uniform vec4 ramp; uniform vec4 finish; uniform vec3 scatter; uniform float cut;
void main() {
    vec4 t = texture(image, UV);
    if (A < .004 || t.a < cut) discard;
    vec3 a = linear(t.rgb) * tint;
    if (recolour > .5) a = colour * mix(1., clamp(pow(dot(a, vec3(.3, .5, .2)) / brightness, .6), .3, 2.2), finish.w);
    else a = mix(colour, a, clamp(ROOT, 0., 1.));
    vec3 v = normalize(eye.xyz - P), n = normalize(N);
    if (!gl_FrontFacing && dot(n, v) < 0.) n = -n;
    float facing = dot(n, key_direction.xyz), shadow = mix(1., shadow4(), ramp.w);
    float lit = smoothstep(ramp.x - ramp.y, ramp.x + ramp.y, facing);
    lit = mix(lit, floor(lit * 2.99) / 2., ramp.z);
    vec3 c = a * (key_colour.rgb * lit * shadow * 1.2 + ROOM);
    float band = (facing - ramp.x) / .32;
    c += a * key_colour.rgb * scatter * shadow * exp(-band * band);
    c += key_colour.rgb * highlight(n, v, key_direction.xyz, finish.y) * finish.x * shadow;
    float edge = pow(1. - max(dot(n, v), 0.), 3.);
    c += (rim_colour.rgb * clamp(dot(n, rim_direction.xyz) + .4, 0., 1.) * .8 + ROOM * .3) * edge * finish.z * SKY.x;
    result = vec4(film(c * L) * A, A);
}
