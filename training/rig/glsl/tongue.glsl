void main() {
    vec3 a = linear(texture(image, UV).rgb), v = normalize(eye.xyz - P), n = normalize(N);
    a = mix(vec3(dot(a, vec3(.4, .4, .2))), a, .85) * vec3(.95, .80, .78);
    float shade = .35 + .65 * shadow4();
    float facing = clamp((dot(n, key_direction.xyz) + .4) / 1.4, 0., 1.);
    float open = .12 + .88 * smoothstep(.0, .40, L);
    vec3 c = a * 1.2 * (key_colour.rgb * facing * shade * .9 + ROOM / max(SKY.x, .25) * .6) * open;
    c += key_colour.rgb * highlight(n, v, key_direction.xyz, .34) * .03 * shade * open;
    result = vec4(film(c), 1.);
}
