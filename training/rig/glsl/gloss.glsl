// Plastic, metal, horn: spectacle frames and the like.
uniform vec4 finish;
void main() {
    vec3 v = normalize(eye.xyz - P), n = normalize(N);
    if (dot(n, v) < 0.) n = -n;
    float facing = clamp((dot(n, key_direction.xyz) + .2) / 1.2, 0., 1.);
    vec3 c = colour * (key_colour.rgb * facing * (.3 + .7 * shadow4()) + ROOM);
    c += key_colour.rgb * highlight(n, v, key_direction.xyz, finish.y) * finish.x;
    c += ROOM * pow(1. - max(dot(n, v), 0.), 3.) * .25;
    result = vec4(film(c) * A, A);
}
