void main() {
    vec4 t = texture(image, UV);
    float grey = dot(linear(t.rgb), vec3(.3, .5, .2)), alpha = t.a * STRENGTH;
    if (alpha < .02) discard;
    vec3 a = COLOUR;
    vec3 n = normalize(N);
    float facing = clamp((dot(n, key_direction.xyz) + .4) / 1.4, 0., 1.);
    vec3 c = a * (key_colour.rgb * facing * shadow4() + ROOM);
    alpha = min(alpha, 1.);
    result = vec4(film(c) * alpha, alpha);
}
