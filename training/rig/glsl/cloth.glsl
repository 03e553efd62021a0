void main() {
    vec3 a = linear(texture(image, UV).rgb) * tint;
    if (recolour > .5) a = colour * clamp(pow(dot(a, vec3(.3, .5, .2)) / brightness, .6), .3, 2.2);
    vec3 v = normalize(eye.xyz - P), n = normalize(N);
    if (!gl_FrontFacing) n = -n;
    float towards = dot(n, key_direction.xyz), facing = clamp((towards + .15) / 1.15, 0., 1.);
    float shade = mix(.8, shadow4(), smoothstep(.15, .55, towards));
    vec3 c = a * (key_colour.rgb * facing * shade + ROOM);
    c += a * rim_colour.rgb * clamp(dot(n, rim_direction.xyz), 0., 1.) * SKY.x;
    float sheen = pow(1. - max(dot(n, v), 0.), 3.);
    c += ROOM * sheen * .05;
    result = vec4(film(c * L) * A, A);
}
