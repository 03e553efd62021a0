void main() {
    vec4 t = texture(image, UV);
    if (t.a < .5) discard;
    vec3 a = linear(t.rgb), v = normalize(eye.xyz - P), n = normalize(N);
    float grey = dot(a, vec3(.3, .5, .2)), iris = smoothstep(.42, .18, grey);
    a = mix(mix(vec3(grey), a, .6) * vec3(.72, .70, .69), mix(vec3(grey), a, .55) * tint * 1.3, iris);
    float shade = .25 + .75 * shadow4();
    float facing = clamp((dot(n, key_direction.xyz) + .45) / 1.45, 0., 1.);
    vec3 c = a * (key_colour.rgb * facing * shade * .95 + ROOM * .95);
    c *= L * mix(vec3(1.), vec3(1.04, .97, .95), 1. - L);
    c += key_colour.rgb * highlight(n, v, key_direction.xyz, .22) * .012 * shade * L;
    result = vec4(film(c), 1.);
}
