// A drawing: flat colours, one edge between light and shade, an edge of light from behind.
// ramp: middle and softness of the terminator, strength of the light's own colour, of cast shadows.
// finish: shade that the upper lid throws, edge of light, place of a flat highlight, share of the picture's shade.
uniform vec4 ramp; uniform vec4 finish; uniform vec3 shade; uniform float cut;
void main() {
    vec4 t = texture(image, UV);
    if (A < .004 || t.a < cut) discard;
    vec3 a = linear(t.rgb) * tint;
    if (recolour > .5) a = colour * mix(1., clamp(pow(dot(a, vec3(.3, .5, .2)) / brightness, .6), .3, 2.2), finish.w);
    else a = mix(colour, a, step(.5, ROOT));
    vec3 v = normalize(eye.xyz - P), n = normalize(N);
    if (!gl_FrontFacing && dot(n, v) < 0.) n = -n;
    float lit = smoothstep(ramp.x - ramp.y, ramp.x + ramp.y, dot(n, key_direction.xyz));
    lit *= mix(1., smoothstep(.35, .65, shadow4()), ramp.w);
    vec3 c = a * mix(shade, vec3(1.), lit);
    c *= mix(vec3(1.), vec3(.62, .60, .74), finish.x * (1. - smoothstep(.50, .62, L)));
    c *= mix(vec3(1.), key_colour.rgb / max(dot(key_colour.rgb, vec3(.33)), .05), ramp.z);
    float edge = smoothstep(.62, .70, 1. - abs(dot(n, v))) * smoothstep(.1, .3, dot(n, rim_direction.xyz));
    c += rim_colour.rgb * edge * finish.y * (.2 + a);
    result = vec4(pow(clamp(c * settings.x, 0., 1.), vec3(1. / 2.2)) * A, A);
}
