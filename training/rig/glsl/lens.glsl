// Spectacle lenses: nearly clear, a faint tint and a slanted reflection of the room.
uniform vec4 finish;
void main() {
    vec3 v = normalize(eye.xyz - P), n = normalize(N);
    float stripe = smoothstep(.30, .36, UV.x + UV.y * .35) * smoothstep(.62, .52, UV.x + UV.y * .35);
    float fresnel = .03 + .5 * pow(1. - abs(dot(n, v)), 4.);
    vec3 c = ROOM * fresnel + (ROOM * .5 + key_colour.rgb * .5) * stripe * finish.x * smoothstep(.9, .2, UV.y);
    float cover = finish.y * (1. - stripe * .3);
    result = vec4(film(c) + film(colour * .5) * cover, cover);
}
