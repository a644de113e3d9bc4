import bpy

bpy.ops.depth_nodes.shape(
    settings="""{
 "Projection": "Relief",
 "Scale": 1.0,
 "Near": 1.0,
 "Far": 0.0,
 "Falloff": 1.0,
 "Midlevel": 0.0,
 "Border Falloff": 0.0,
 "Bas-Relief": 0.0,
 "Cutoff": true,
 "Threshold": 0.1,
 "Minimum Island": 200,
 "Edge Falloff": 0,
 "Edge Snap": true
}"""
)
