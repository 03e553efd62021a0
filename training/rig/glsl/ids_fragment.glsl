in vec2 UV; in float A; in vec4 V; uniform sampler2D image; uniform float cut; uniform float part;
layout(location = 0) out vec2 id; layout(location = 1) out vec4 values;
void main() {
    if (A < .5 || (cut > 0. && texture(image, UV).a < cut)) discard;
    id = vec2(part, float(gl_PrimitiveID)); values = V;
}
