void main() {
    vec4 t = texture(image, UV);
    float grey = dot(linear(t.rgb), vec3(.3, .5, .2)), alpha = t.a;
    float strand = grey / brightness;
    vec3 a = colour * clamp(pow(strand, .9), .15, 2.6);
    alpha *= smoothstep(.0, .35, ROOT * 1.25 - .30 * clamp(strand, 0., 1.6) + .12);
#ifdef SOLID
    if (alpha < .72 || A < .996) discard;
    alpha = 1.;
#else
    if (alpha < .02 || A < .004 || (alpha >= .72 && A >= .996)) discard;
    alpha = clamp(alpha * 1.2, 0., 1.) * A;
#endif
    vec3 v = normalize(eye.xyz - P), n = normalize(N), tangent = normalize(T + 1e-5);
    float shade = shadow4() * .92 + .05, facing = dot(n, key_direction.xyz);
    float along = dot(tangent, key_direction.xyz), across = sqrt(max(1. - along * along, 0.));
    float lit = clamp((facing + .4) / 1.4, 0., 1.) * mix(1., across, .5) * shade;
    vec3 c = a * (key_colour.rgb * lit + ROOM * .95);
    float jitter = (grey / brightness - 1.) * .10;
    vec3 h = normalize(key_direction.xyz + v);
    float h1 = dot(normalize(tangent + n * (jitter - .06)), h), h2 = dot(normalize(tangent + n * (jitter + .14)), h);
    float visible = clamp(facing * 2. + .35, 0., 1.) * shade * SKY.x;
    c += key_colour.rgb * visible * (pow(max(1. - h1 * h1, 0.), 40.) * .030 + pow(max(1. - h2 * h2, 0.), 9.) * .20 * a);
    float rim = pow(clamp(dot(n, rim_direction.xyz) + .35, 0., 1.), 2.);
    c += rim_colour.rgb * rim * (a * .55 + .010) * SKY.x;
    result = vec4(film(c) * alpha, alpha);
}
