"""The node types that the groups use, typed. Written by `python -m node_groups.stubs`: change that, not this."""

# fmt: off
# ruff: noqa: A002, UP014 - inputs are called what Blender calls them; short, since this is a table
from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from .value import Operand, Value

if TYPE_CHECKING:
    from .builder import Tree

BooleanMathOperation = Literal["AND", "OR", "NOT", "NAND", "NOR", "XNOR", "XOR", "IMPLY", "NIMPLY"]
CompareOperation = Literal["LESS_THAN", "LESS_EQUAL", "GREATER_THAN", "GREATER_EQUAL", "EQUAL", "NOT_EQUAL", "BRIGHTER",
    "DARKER"]
CompareDataType = Literal["FLOAT", "INT", "BOOLEAN", "VECTOR", "ROTATION", "MATRIX", "STRING", "MENU", "RGBA", "OBJECT",
    "IMAGE", "GEOMETRY", "COLLECTION", "TEXTURE", "MATERIAL", "BUNDLE", "CLOSURE"]
CompareMode = Literal["ELEMENT", "LENGTH", "AVERAGE", "DOT_PRODUCT", "DIRECTION"]
FloatToIntRoundingMode = Literal["ROUND", "FLOOR", "CEILING", "TRUNCATE"]
IntegerMathOperation = Literal["ADD", "SUBTRACT", "MULTIPLY", "DIVIDE", "MULTIPLY_ADD", "ABSOLUTE", "NEGATE", "POWER",
    "MINIMUM", "MAXIMUM", "SIGN", "DIVIDE_ROUND", "DIVIDE_FLOOR", "DIVIDE_CEIL", "FLOORED_MODULO", "MODULO", "GCD",
    "LCM"]
SeparateColorMode = Literal["RGB", "HSV", "HSL"]
AccumulateFieldDataType = Literal["FLOAT", "INT", "FLOAT_VECTOR", "TRANSFORM"]
AccumulateFieldDomain = Literal["POINT", "EDGE", "FACE", "CORNER", "CURVE", "INSTANCE", "LAYER"]
AttributeDomainSizeComponent = Literal["MESH", "POINTCLOUD", "CURVE", "INSTANCES", "GREASEPENCIL"]
BlurAttributeDataType = Literal["FLOAT", "INT", "FLOAT_VECTOR", "FLOAT_COLOR", "BYTE_COLOR", "STRING", "BOOLEAN",
    "FLOAT2", "INT8", "INT16_2D", "INT32_2D", "QUATERNION", "FLOAT4X4"]
DeleteGeometryMode = Literal["ALL", "EDGE_FACE", "ONLY_FACE"]
DeleteGeometryDomain = Literal["POINT", "EDGE", "FACE", "CURVE", "INSTANCE", "LAYER"]
FieldMinAndMaxDataType = Literal["FLOAT", "INT", "FLOAT_VECTOR"]
GizmoLinearColorId = Literal["PRIMARY", "SECONDARY", "X", "Y", "Z"]
GizmoLinearDrawStyle = Literal["ARROW", "CROSS", "BOX"]
ImageTextureInterpolation = Literal["Linear", "Closest", "Cubic"]
ImageTextureExtension = Literal["REPEAT", "EXTEND", "CLIP", "MIRROR"]
ObjectInfoTransformSpace = Literal["ORIGINAL", "RELATIVE"]
RemoveAttributePatternMode = Literal["EXACT", "WILDCARD"]
SetShadeSmoothDomain = Literal["EDGE", "FACE"]
SortElementsDomain = Literal["POINT", "EDGE", "FACE", "CURVE", "INSTANCE"]
WarningWarningType = Literal["ERROR", "WARNING", "INFO"]
MapRangeInterpolationType = Literal["LINEAR", "STEPPED", "SMOOTHSTEP", "SMOOTHERSTEP"]
MapRangeDataType = Literal["FLOAT", "FLOAT_VECTOR"]
MathOperation = Literal["ADD", "SUBTRACT", "MULTIPLY", "DIVIDE", "MULTIPLY_ADD", "POWER", "LOGARITHM", "SQRT",
    "INVERSE_SQRT", "ABSOLUTE", "EXPONENT", "MINIMUM", "MAXIMUM", "LESS_THAN", "GREATER_THAN", "SIGN", "COMPARE",
    "SMOOTH_MIN", "SMOOTH_MAX", "ROUND", "FLOOR", "CEIL", "TRUNC", "FRACT", "MODULO", "FLOORED_MODULO", "WRAP", "SNAP",
    "PINGPONG", "SINE", "COSINE", "TANGENT", "ARCSINE", "ARCCOSINE", "ARCTANGENT", "ARCTAN2", "SINH", "COSH", "TANH",
    "RADIANS", "DEGREES"]
VectorMathOperation = Literal["ADD", "SUBTRACT", "MULTIPLY", "DIVIDE", "MULTIPLY_ADD", "CROSS_PRODUCT", "PROJECT",
    "REFLECT", "REFRACT", "FACEFORWARD", "DOT_PRODUCT", "DISTANCE", "LENGTH", "SCALE", "NORMALIZE", "ABSOLUTE", "POWER",
    "SIGN", "MINIMUM", "MAXIMUM", "FLOOR", "CEIL", "FRACTION", "MODULO", "WRAP", "SNAP", "SINE", "COSINE", "TANGENT"]
SeparateColor = NamedTuple("SeparateColor", [("red", Value), ("green", Value), ("blue", Value), ("alpha", Value)])
SeparateMatrix = NamedTuple("SeparateMatrix", [("column_1_row_1", Value), ("column_1_row_2", Value),
    ("column_1_row_3", Value), ("column_1_row_4", Value), ("column_2_row_1", Value), ("column_2_row_2", Value),
    ("column_2_row_3", Value), ("column_2_row_4", Value), ("column_3_row_1", Value), ("column_3_row_2", Value),
    ("column_3_row_3", Value), ("column_3_row_4", Value), ("column_4_row_1", Value), ("column_4_row_2", Value),
    ("column_4_row_3", Value), ("column_4_row_4", Value)])
AccumulateField = NamedTuple("AccumulateField", [("leading", Value), ("trailing", Value), ("total", Value)])
AttributeDomainSize = NamedTuple("AttributeDomainSize", [("point_count", Value), ("edge_count", Value),
    ("face_count", Value), ("face_corner_count", Value), ("spline_count", Value), ("instance_count", Value),
    ("layer_count", Value)])
CameraInfo = NamedTuple("CameraInfo", [("projection_matrix", Value), ("focal_length", Value), ("sensor", Value),
    ("shift", Value), ("clip_start", Value), ("clip_end", Value), ("focus_distance", Value), ("is_orthographic", Value),
    ("orthographic_scale", Value)])
CornersOfFace = NamedTuple("CornersOfFace", [("corner_index", Value), ("total", Value)])
CornersOfVertex = NamedTuple("CornersOfVertex", [("corner_index", Value), ("total", Value)])
FieldMinAndMax = NamedTuple("FieldMinAndMax", [("min", Value), ("max", Value)])
ImageInfo = NamedTuple("ImageInfo", [("width", Value), ("height", Value), ("has_alpha", Value), ("frame_count", Value),
    ("fps", Value)])
ImageTexture = NamedTuple("ImageTexture", [("color", Value), ("alpha", Value)])
MeshIsland = NamedTuple("MeshIsland", [("island_index", Value), ("island_count", Value)])
NamedAttribute = NamedTuple("NamedAttribute", [("attribute", Value), ("exists", Value)])
Normal = NamedTuple("Normal", [("normal", Value), ("true_normal", Value)])
MeshGrid = NamedTuple("MeshGrid", [("mesh", Value), ("uv_map", Value)])
ObjectInfo = NamedTuple("ObjectInfo", [("transform", Value), ("location", Value), ("rotation", Value), ("scale", Value),
    ("geometry", Value)])
SeparateXYZ = NamedTuple("SeparateXYZ", [("x", Value), ("y", Value), ("z", Value)])


class Nodes:
    """One method a node type: inputs by name, settings as keywords; the result is the output, or all of them by name.

    What is not given stays as Blender has it. An input that the settings hide raises a KeyError.
    """

    def __init__(self, tree: Tree) -> None:
        """Make the nodes in `tree`, inside its current frame."""
        self._one, self._all = tree.one, tree.all

    def boolean_math(self, boolean: Operand = None, boolean_2: Operand = None, *,
        operation: BooleanMathOperation | None = None) -> Value:
        return self._one("FunctionNodeBooleanMath", {"boolean": boolean, "boolean_2": boolean_2}, operation=operation)

    def compare(self, a: Operand = None, b: Operand = None, epsilon: Operand = None, *,
        operation: CompareOperation | None = None, data_type: CompareDataType | None = None,
        mode: CompareMode | None = None) -> Value:
        return self._one("FunctionNodeCompare", {"a": a, "b": b, "epsilon": epsilon}, operation=operation,
            data_type=data_type, mode=mode)

    def float_to_int(self, float: Operand = None, *, rounding_mode: FloatToIntRoundingMode | None = None) -> Value:
        return self._one("FunctionNodeFloatToInt", {"float": float}, rounding_mode=rounding_mode)

    def input_bool(self, *, boolean: bool | None = None) -> Value:
        return self._one("FunctionNodeInputBool", {}, boolean=boolean)

    def input_int(self, *, integer: int | None = None) -> Value:
        return self._one("FunctionNodeInputInt", {}, integer=integer)

    def integer_math(self, value: Operand = None, value_2: Operand = None, value_3: Operand = None, *,
        operation: IntegerMathOperation | None = None) -> Value:
        return self._one("FunctionNodeIntegerMath", {"value": value, "value_2": value_2, "value_3": value_3},
            operation=operation)

    def separate_color(self, color: Operand = None, *, mode: SeparateColorMode | None = None) -> SeparateColor:
        return SeparateColor(*self._all("FunctionNodeSeparateColor", {"color": color}, mode=mode))

    def separate_matrix(self, matrix: Operand = None) -> SeparateMatrix:
        return SeparateMatrix(*self._all("FunctionNodeSeparateMatrix", {"matrix": matrix}))

    def transform_point(self, vector: Operand = None, transform: Operand = None) -> Value:
        return self._one("FunctionNodeTransformPoint", {"vector": vector, "transform": transform})

    def accumulate_field(self, value: Operand = None, group_id: Operand = None, *,
        data_type: AccumulateFieldDataType | None = None,
        domain: AccumulateFieldDomain | None = None) -> AccumulateField:
        return AccumulateField(*self._all("GeometryNodeAccumulateField", {"value": value, "group_id": group_id},
            data_type=data_type, domain=domain))

    def attribute_domain_size(self, geometry: Operand = None, *,
        component: AttributeDomainSizeComponent | None = None) -> AttributeDomainSize:
        return AttributeDomainSize(*self._all("GeometryNodeAttributeDomainSize", {"geometry": geometry},
            component=component))

    def blur_attribute(self, value: Operand = None, iterations: Operand = None, weight: Operand = None, *,
        data_type: BlurAttributeDataType | None = None) -> Value:
        return self._one("GeometryNodeBlurAttribute", {"value": value, "iterations": iterations, "weight": weight},
            data_type=data_type)

    def camera_info(self, camera: Operand = None) -> CameraInfo:
        return CameraInfo(*self._all("GeometryNodeCameraInfo", {"camera": camera}))

    def corners_of_face(self, face_index: Operand = None, weights: Operand = None,
        sort_index: Operand = None) -> CornersOfFace:
        return CornersOfFace(*self._all("GeometryNodeCornersOfFace", {"face_index": face_index, "weights": weights,
            "sort_index": sort_index}))

    def corners_of_vertex(self, vertex_index: Operand = None, weights: Operand = None,
        sort_index: Operand = None) -> CornersOfVertex:
        return CornersOfVertex(*self._all("GeometryNodeCornersOfVertex", {"vertex_index": vertex_index,
            "weights": weights, "sort_index": sort_index}))

    def delete_geometry(self, geometry: Operand = None, selection: Operand = None, *,
        mode: DeleteGeometryMode | None = None, domain: DeleteGeometryDomain | None = None) -> Value:
        return self._one("GeometryNodeDeleteGeometry", {"geometry": geometry, "selection": selection}, mode=mode,
            domain=domain)

    def field_min_and_max(self, value: Operand = None, group_id: Operand = None, *,
        data_type: FieldMinAndMaxDataType | None = None, domain: AccumulateFieldDomain | None = None) -> FieldMinAndMax:
        return FieldMinAndMax(*self._all("GeometryNodeFieldMinAndMax", {"value": value, "group_id": group_id},
            data_type=data_type, domain=domain))

    def field_on_domain(self, value: Operand = None, *, domain: AccumulateFieldDomain | None = None,
        data_type: BlurAttributeDataType | None = None) -> Value:
        return self._one("GeometryNodeFieldOnDomain", {"value": value}, domain=domain, data_type=data_type)

    def gizmo_linear(self, value: Operand = None, position: Operand = None, direction: Operand = None, *,
        color_id: GizmoLinearColorId | None = None, draw_style: GizmoLinearDrawStyle | None = None) -> Value:
        return self._one("GeometryNodeGizmoLinear", {"value": value, "position": position, "direction": direction},
            color_id=color_id, draw_style=draw_style)

    def image_info(self, image: Operand = None, frame: Operand = None) -> ImageInfo:
        return ImageInfo(*self._all("GeometryNodeImageInfo", {"image": image, "frame": frame}))

    def image_texture(self, image: Operand = None, vector: Operand = None, frame: Operand = None, *,
        interpolation: ImageTextureInterpolation | None = None,
        extension: ImageTextureExtension | None = None) -> ImageTexture:
        return ImageTexture(*self._all("GeometryNodeImageTexture", {"image": image, "vector": vector, "frame": frame},
            interpolation=interpolation, extension=extension))

    def index(self) -> Value:
        return self._one("GeometryNodeInputIndex", {})

    def material_index(self) -> Value:
        return self._one("GeometryNodeInputMaterialIndex", {})

    def mesh_island(self) -> MeshIsland:
        return MeshIsland(*self._all("GeometryNodeInputMeshIsland", {}))

    def named_attribute(self, name: Operand = None, *,
        data_type: BlurAttributeDataType | None = None) -> NamedAttribute:
        return NamedAttribute(*self._all("GeometryNodeInputNamedAttribute", {"name": name}, data_type=data_type))

    def normal(self, *, legacy_corner_normals: bool | None = None) -> Normal:
        return Normal(*self._all("GeometryNodeInputNormal", {}, legacy_corner_normals=legacy_corner_normals))

    def position(self) -> Value:
        return self._one("GeometryNodeInputPosition", {})

    def is_viewport(self) -> Value:
        return self._one("GeometryNodeIsViewport", {})

    def mesh_grid(self, size_x: Operand = None, size_y: Operand = None, vertices_x: Operand = None,
        vertices_y: Operand = None) -> MeshGrid:
        return MeshGrid(*self._all("GeometryNodeMeshGrid", {"size_x": size_x, "size_y": size_y,
            "vertices_x": vertices_x, "vertices_y": vertices_y}))

    def object_info(self, object: Operand = None, as_instance: Operand = None, *,
        transform_space: ObjectInfoTransformSpace | None = None) -> ObjectInfo:
        return ObjectInfo(*self._all("GeometryNodeObjectInfo", {"object": object, "as_instance": as_instance},
            transform_space=transform_space))

    def points(self, count: Operand = None, position: Operand = None, radius: Operand = None) -> Value:
        return self._one("GeometryNodePoints", {"count": count, "position": position, "radius": radius})

    def remove_attribute(self, geometry: Operand = None, name: Operand = None, *,
        pattern_mode: RemoveAttributePatternMode | None = None) -> Value:
        return self._one("GeometryNodeRemoveAttribute", {"geometry": geometry, "name": name}, pattern_mode=pattern_mode)

    def replace_material(self, geometry: Operand = None, old: Operand = None, new: Operand = None) -> Value:
        return self._one("GeometryNodeReplaceMaterial", {"geometry": geometry, "old": old, "new": new})

    def sample_index(self, geometry: Operand = None, value: Operand = None, index: Operand = None, *,
        data_type: BlurAttributeDataType | None = None, domain: AccumulateFieldDomain | None = None,
        clamp: bool | None = None) -> Value:
        return self._one("GeometryNodeSampleIndex", {"geometry": geometry, "value": value, "index": index},
            data_type=data_type, domain=domain, clamp=clamp)

    def set_material(self, geometry: Operand = None, selection: Operand = None, material: Operand = None) -> Value:
        return self._one("GeometryNodeSetMaterial", {"geometry": geometry, "selection": selection,
            "material": material})

    def set_material_index(self, geometry: Operand = None, selection: Operand = None,
        material_index: Operand = None) -> Value:
        return self._one("GeometryNodeSetMaterialIndex", {"geometry": geometry, "selection": selection,
            "material_index": material_index})

    def set_position(self, geometry: Operand = None, selection: Operand = None, position: Operand = None,
        offset: Operand = None) -> Value:
        return self._one("GeometryNodeSetPosition", {"geometry": geometry, "selection": selection, "position": position,
            "offset": offset})

    def set_shade_smooth(self, geometry: Operand = None, selection: Operand = None, shade_smooth: Operand = None, *,
        domain: SetShadeSmoothDomain | None = None) -> Value:
        return self._one("GeometryNodeSetShadeSmooth", {"geometry": geometry, "selection": selection,
            "shade_smooth": shade_smooth}, domain=domain)

    def sort_elements(self, geometry: Operand = None, selection: Operand = None, group_id: Operand = None,
        sort_weight: Operand = None, *, domain: SortElementsDomain | None = None) -> Value:
        return self._one("GeometryNodeSortElements", {"geometry": geometry, "selection": selection,
            "group_id": group_id, "sort_weight": sort_weight}, domain=domain)

    def store_named_attribute(self, geometry: Operand = None, selection: Operand = None, name: Operand = None,
        value: Operand = None, *, data_type: BlurAttributeDataType | None = None,
        domain: AccumulateFieldDomain | None = None) -> Value:
        return self._one("GeometryNodeStoreNamedAttribute", {"geometry": geometry, "selection": selection, "name": name,
            "value": value}, data_type=data_type, domain=domain)

    def switch(self, switch: Operand = None, false: Operand = None, true: Operand = None, *,
        input_type: CompareDataType | None = None) -> Value:
        return self._one("GeometryNodeSwitch", {"switch": switch, "false": false, "true": true}, input_type=input_type)

    def vertex_of_corner(self, corner_index: Operand = None) -> Value:
        return self._one("GeometryNodeVertexOfCorner", {"corner_index": corner_index})

    def warning(self, show: Operand = None, message: Operand = None, *,
        warning_type: WarningWarningType | None = None) -> Value:
        return self._one("GeometryNodeWarning", {"show": show, "message": message}, warning_type=warning_type)

    def combine_xyz(self, x: Operand = None, y: Operand = None, z: Operand = None) -> Value:
        return self._one("ShaderNodeCombineXYZ", {"x": x, "y": y, "z": z})

    def map_range(self, value: Operand = None, from_min: Operand = None, from_max: Operand = None,
        to_min: Operand = None, to_max: Operand = None, steps: Operand = None, vector: Operand = None, *,
        clamp: bool | None = None, interpolation_type: MapRangeInterpolationType | None = None,
        data_type: MapRangeDataType | None = None) -> Value:
        return self._one("ShaderNodeMapRange", {"value": value, "from_min": from_min, "from_max": from_max,
            "to_min": to_min, "to_max": to_max, "steps": steps, "vector": vector}, clamp=clamp,
            interpolation_type=interpolation_type, data_type=data_type)

    def math(self, value: Operand = None, value_2: Operand = None, value_3: Operand = None, *,
        operation: MathOperation | None = None, use_clamp: bool | None = None) -> Value:
        return self._one("ShaderNodeMath", {"value": value, "value_2": value_2, "value_3": value_3},
            operation=operation, use_clamp=use_clamp)

    def separate_xyz(self, vector: Operand = None) -> SeparateXYZ:
        return SeparateXYZ(*self._all("ShaderNodeSeparateXYZ", {"vector": vector}))

    def vector_math(self, vector: Operand = None, vector_2: Operand = None, vector_3: Operand = None,
        scale: Operand = None, *, operation: VectorMathOperation | None = None) -> Value:
        return self._one("ShaderNodeVectorMath", {"vector": vector, "vector_2": vector_2, "vector_3": vector_3,
            "scale": scale}, operation=operation)
