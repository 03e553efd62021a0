in vec2 UV; in float A; in vec4 V; uniform sampler2D image; uniform float cut; uniform float given;
layout(location = 0) out vec4 result; layout(location = 1) out vec4 cover;
void main() {
    if (A < .5 || (cut > 0. && texture(image, UV).a < cut)) discard;
    result = V; cover = vec4(given);
}
