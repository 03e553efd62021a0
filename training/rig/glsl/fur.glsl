// Shells of short hair: the picture's alpha is the height of each hair, ROOT the height of the shell.
uniform vec4 finish;
void main() {
    vec4 t = texture(image, UV);
    if (A < .004 || t.a < ROOT) discard;
    vec3 v = normalize(eye.xyz - P), n = normalize(N);
    float deep = mix(finish.y, 1., ROOT);
    vec3 a = colour * (.55 + .9 * t.r) * deep;
    float facing = clamp((dot(n, key_direction.xyz) + .35) / 1.35, 0., 1.);
    vec3 c = a * (key_colour.rgb * facing * shadow4() + ROOM);
    c += a * rim_colour.rgb * clamp(dot(n, rim_direction.xyz) + .2, 0., 1.) * SKY.x * .6;
    c += key_colour.rgb * highlight(n, v, key_direction.xyz, .5) * .03 * finish.x * shadow4();
    result = vec4(film(c * L) * A, A);
}
