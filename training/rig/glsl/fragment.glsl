in vec3 P; in vec3 N; in vec2 UV; in vec3 S; in vec2 SKY; in vec3 ROOM; in float A; in float L; in float ROOT;
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
