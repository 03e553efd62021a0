uniform mat4 matrix; in vec3 point; in vec2 uv; in vec4 layer_alpha; uniform vec4 select;
out vec2 UV; out float A;
void main() { UV = uv; A = dot(select, layer_alpha); gl_Position = matrix * vec4(point, 1.); }
