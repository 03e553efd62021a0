in vec2 UV; in float A; uniform sampler2D image; uniform float cut;
layout(location = 0) out vec4 result; layout(location = 1) out vec4 cover;
void main() { result = vec4(0.); cover = vec4(0.); if (A > .996 || (cut > 0. && texture(image, UV).a < cut)) discard; }
