void main() {
    vec4 t = texture(image, UV);
    if (t.a > .5) discard;
    vec3 v = normalize(eye.xyz - P), n = normalize(N);
    vec3 r = reflect(-v, n);
    vec3 window = normalize(key_direction.xyz + vec3(0., .04, .25));
    vec3 u = normalize(cross(window, vec3(0., 1., 0.))), w = cross(u, window);
    vec2 q = abs(vec2(dot(r, u), dot(r, w)));
    float pane = dot(r, window) > 0. ? smoothstep(.21, .15, max(q.x, q.y * .8)) : 0.;
    float spark = (pane * 1.3 + highlight(n, v, key_direction.xyz, .16) * .02) * (.35 + .65 * L) * smoothstep(.46, .62, L);
    float room = .035 * smoothstep(-.1, .8, r.y) * L;
    result = vec4(film(key_colour.rgb * spark * .55 + ROOM * room), 0.);
}
