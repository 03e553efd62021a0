void main() {
    vec4 t = texture(image, UV);
    if (t.a < .4) discard;
    vec3 a = linear(t.rgb), v = normalize(eye.xyz - P), n = normalize(N);
    float gum = smoothstep(.10, .35, a.r - a.g);
    vec3 enamel = mix(mix(vec3(dot(a, vec3(.33))), a, .7), vec3(.50), .40) * vec3(1.16, 1.07, .95) * 1.30;
    a = mix(enamel, a * vec3(.80, .62, .60), gum);
    float shade = .35 + .65 * shadow4();
    float facing = clamp((dot(n, key_direction.xyz) + .5) / 1.5, 0., 1.);
    float open = .05 + .95 * smoothstep(.0, .30, L);
    vec3 c = a * (key_colour.rgb * facing * shade * .95 + ROOM / max(SKY.x, .25) * .60) * open;
    c += key_colour.rgb * highlight(n, v, key_direction.xyz, .25) * .02 * shade * open;
    result = vec4(film(c), 1.);
}
