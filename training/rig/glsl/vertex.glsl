in vec3 point; in vec3 normal; in float light; in vec2 uv; in vec4 layer_alpha; in float occlusion; in float root;
#ifdef HAIR
in vec3 tangent; out vec3 T;
#endif
out vec3 P; out vec3 N; out vec2 UV; out vec3 S; out vec2 SKY; out vec3 ROOM; out float A; out float L; out float ROOT;
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
    P = point; N = n; UV = uv; L = light; ROOT = root; SKY = vec2(occlusion, light);
    A = settings.y > .5 ? 1. : clamp(dot(select, layer_alpha), 0., 1.);
#ifndef LIFT
#define LIFT .012
#endif
    vec4 s = shadow_camera * vec4(point + n * LIFT, 1.);
    S = s.xyz * .5 + .5 - vec3(0., 0., .0025);
    gl_Position = camera * vec4(point, 1.);
}
