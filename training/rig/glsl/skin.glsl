void main() {
    if (A < .004) discard;
    vec4 t = texture(image, UV);
    vec3 albedo = linear(t.rgb) * tint;
    float lips = 1. - t.a;
    float grain = texture(detail, UV * 9.).r - .5;
    float bare = clamp(ROOT + (1. - ROOT) * ROOT * grain * 1.8, 0., 1.);
    albedo = mix(colour * (1.2 + grain * 2.), albedo, bare * .85 + .15);
    vec3 v = normalize(eye.xyz - P), n = normalize(N);
    if (!gl_FrontFacing) n = -n;
    vec4 d = texture(detail, UV * 34.);
    vec3 side = normalize(cross(n, vec3(0., 1., .13))), rise = cross(side, n);
    vec3 m = normalize(n + (side * (d.g - .5) + rise * (d.b - .5)) * mix(.30, .22, lips));
    float shade = shadow8(), facing = dot(mix(n, m, .5), key_direction.xyz);
    vec3 wrap = vec3(.40, .22, .15);
    vec3 soft = clamp((facing + wrap) / (1. + wrap), 0., 1.);
    vec3 through = mix(vec3(shade), vec3(sqrt(shade), shade, shade * shade), .35);
    vec3 c = albedo * (key_colour.rgb * soft * soft * through * 1.25);
    vec3 bounce = pow(vec3(clamp(SKY.x, .02, 1.)), vec3(-.30, -.08, 0.));
    c += albedo * ROOM * bounce;
    float back = clamp((dot(n, rim_direction.xyz) + .25) / 1.25, 0., 1.);
    c += albedo * rim_colour.rgb * back * SKY.x * (.5 + .5 * bare);
    float rough = mix(.46 + .10 * d.r, .30, lips);
    float gloss = highlight(m, v, key_direction.xyz, rough) * .55 + highlight(n, v, key_direction.xyz, .62) * .45;
    c += key_colour.rgb * gloss * shade * mix(.030, .050, lips) * 3.1 * (.25 + .75 * bare);
    float edge = pow(1. - max(dot(n, v), 0.), 4.);
    c += ROOM * (edge * .075 + .010 + .02 * lips) * bare + rim_colour.rgb * highlight(n, v, rim_direction.xyz, .5) * .04 * SKY.x * bare * bare;
    result = vec4(film(c * L) * A, A);
}
