import bpy

bpy.ops.depth_nodes.shape(
    settings="""{
 "Projection": "Camera",
 "Near": 1.0,
 "Far": 0.0,
 "Falloff": 1.0,
 "Bas-Relief": 0.0,
 "Cutoff": true,
 "Threshold": 0.2,
 "Minimum Island": 64,
 "Edge Falloff": 0,
 "Edge Snap": true
}"""
)
