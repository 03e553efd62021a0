uniform mat4 matrix; uniform vec4 select; uniform float whole;
in vec3 point; in vec2 uv; in vec4 layer_alpha; in vec4 value;
out vec2 UV; out float A; out vec4 V;
void main() {
    UV = uv; V = value; A = whole > .5 ? 1. : dot(select, layer_alpha);
    gl_Position = matrix * vec4(point, 1.);
}
