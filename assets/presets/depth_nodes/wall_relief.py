import bpy

bpy.ops.depth_nodes.shape(
    settings="""{
 "Projection": "Relief",
 "Scale": 0.3,
 "Near": 1.0,
 "Far": 0.0,
 "Falloff": 1.0,
 "Midlevel": 0.0,
 "Border Falloff": 0.08,
 "Bas-Relief": 1.0,
 "Cutoff": false,
 "Threshold": 0.2,
 "Edge Falloff": 12,
 "Edge Snap": true
}"""
)
