layout(std140) uniform Scene {
    mat4 camera; mat4 shadow_camera; vec4 eye; vec4 key_direction; vec4 key_colour;
    vec4 rim_direction; vec4 rim_colour; vec4 sky[9]; vec4 select; vec4 settings;
};
