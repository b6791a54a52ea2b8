"""A CLIP as ONNX graphs, operation by operation as optimum exports transformers' CLIPModel (opset 14), and their int8
versions as the conversion script of Transformers.js makes them.

The exporter's operations are kept small as it leaves them (LayerNorm is nine of them, GELU five): what to fuse is up to
ONNX Runtime. Constants are folded, as the conversion script does with onnxslim before it quantises.
"""

import math

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantizationMode, QuantType
from onnxruntime.quantization.onnx_quantizer import ONNXQuantizer
from onnxruntime.quantization.registry import IntegerOpsRegistry

OPSET = 14
LOWEST = np.finfo(np.float32).min


class Graph:
    """Builds one graph. Every operation returns the name of what it gives."""

    def __init__(self, weights: dict[str, np.ndarray]):
        self.weights = weights
        self.nodes, self.initializers, self.known = [], [], {}

    def op(self, kind: str, *inputs: str, **attributes) -> str:
        name = f"/{kind}_{len(self.nodes)}"
        output = f"{name}_output_0"
        self.nodes.append(helper.make_node(kind, inputs, [output], name=name, **attributes))
        return output

    def constant(self, value: np.ndarray) -> str:
        """The same value twice is one constant, as onnxslim leaves it."""
        value = np.asarray(value, order="C")
        key = (value.dtype.str, value.shape, value.tobytes())
        if key not in self.known:
            self.known[key] = self._initializer(f"onnx::constant_{len(self.known)}", value)
        return self.known[key]

    def integers(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def number(self, value: float) -> str:
        return self.constant(np.float32(value))

    def weight(self, name: str, transposed: bool = False) -> str:
        value = self.weights[name]
        return self._initializer(f"{name}{'.T' if transposed else ''}", value.T if transposed else value)

    def _initializer(self, name: str, value: np.ndarray) -> str:
        self.initializers.append(numpy_helper.from_array(np.asarray(value, order="C"), name))
        return name

    def model(self, inputs, outputs) -> onnx.ModelProto:
        """`outputs` maps names to (what an operation gave, axes)."""
        for name, (given, _) in outputs.items():
            self.nodes.append(helper.make_node("Identity", [given], [name], name=f"/{name}"))
        graph = helper.make_graph(
            self.nodes,
            "main_graph",
            [helper.make_tensor_value_info(name, kind, axes) for name, (kind, axes) in inputs.items()],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, axes) for name, (_, axes) in outputs.items()],
            self.initializers,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
        onnx.checker.check_model(model)
        return model

    # ---- The parts of a tower ----

    def linear(self, x: str, name: str) -> str:
        product = self.op("MatMul", x, self.weight(f"{name}.weight", transposed=True))
        return self.op("Add", self.weight(f"{name}.bias"), product)

    def layer_norm(self, x: str, name: str, epsilon: float) -> str:
        centred = self.op("Sub", x, self.op("ReduceMean", x, axes=[-1]))
        variance = self.op("ReduceMean", self.op("Pow", centred, self.number(2)), axes=[-1])
        deviation = self.op("Sqrt", self.op("Add", variance, self.number(epsilon)))
        scaled = self.op("Mul", self.op("Div", centred, deviation), self.weight(f"{name}.weight"))
        return self.op("Add", scaled, self.weight(f"{name}.bias"))

    def gelu(self, x: str) -> str:
        erf = self.op("Erf", self.op("Div", x, self.number(math.sqrt(2))))
        return self.op("Mul", self.op("Mul", x, self.op("Add", erf, self.number(1))), self.number(0.5))

    def attention(self, x: str, name: str, shape: dict, mask: str | None) -> str:
        heads, width = shape["num_attention_heads"], shape["hidden_size"]
        split = self.integers(0, -1, heads, width // heads)

        def heads_of(matrix, perm):
            return self.op("Transpose", self.op("Reshape", self.linear(x, f"{name}.{matrix}"), split), perm=perm)

        # The exporter gives queries and keys a half of the scale each.
        scale = self.number((width // heads) ** -0.25)
        queries = self.op("Mul", heads_of("q_proj", [0, 2, 1, 3]), scale)
        keys = self.op("Mul", heads_of("k_proj", [0, 2, 3, 1]), scale)
        scores = self.op("MatMul", queries, keys)
        if mask is not None:
            scores = self.op("Add", scores, mask)
        mixed = self.op("MatMul", self.op("Softmax", scores, axis=-1), heads_of("v_proj", [0, 2, 1, 3]))
        joined = self.op("Reshape", self.op("Transpose", mixed, perm=[0, 2, 1, 3]), self.integers(0, -1, width))
        return self.linear(joined, f"{name}.out_proj")

    def blocks(self, x: str, tower: str, shape: dict, mask: str | None) -> str:
        epsilon = shape["layer_norm_eps"]
        for block in range(shape["num_hidden_layers"]):
            name = f"{tower}.encoder.layers.{block}"
            normed = self.layer_norm(x, f"{name}.layer_norm1", epsilon)
            x = self.op("Add", x, self.attention(normed, f"{name}.self_attn", shape, mask))
            normed = self.layer_norm(x, f"{name}.layer_norm2", epsilon)
            inner = self.gelu(self.linear(normed, f"{name}.mlp.fc1"))
            x = self.op("Add", x, self.linear(inner, f"{name}.mlp.fc2"))
        return x

    # ---- The towers ----

    def vision(self, configuration: dict, pixels: str) -> str:
        """Pictures' embeddings, not yet of unit length."""
        shape = configuration["vision_config"]
        width, patch = shape["hidden_size"], shape["patch_size"]
        filters = self.weight("vision_model.embeddings.patch_embedding.weight")
        patches = self.op("Conv", pixels, filters, kernel_shape=[patch, patch], strides=[patch, patch])
        rows = self.op("Transpose", self.op("Reshape", patches, self.integers(0, width, -1)), perm=[0, 2, 1])
        batch = self.op("Gather", self.op("Shape", pixels), self.integers(0))
        size = self.op("Concat", batch, self.integers(1, width), axis=0)
        class_row = self.weights["vision_model.embeddings.class_embedding"].reshape(1, 1, width)
        x = self.op("Concat", self.op("Expand", self.constant(class_row), size), rows, axis=1)
        positions = self.weights["vision_model.embeddings.position_embedding.weight"]
        x = self.op("Add", x, self.constant(positions[None]))
        x = self.layer_norm(x, "vision_model.pre_layrnorm", shape["layer_norm_eps"])
        x = self.blocks(x, "vision_model", shape, None)
        pooled = self.op("Gather", x, self.constant(np.int64(0)), axis=1)
        pooled = self.layer_norm(pooled, "vision_model.post_layernorm", shape["layer_norm_eps"])
        return self.op("MatMul", pooled, self.weight("visual_projection.weight", transposed=True))

    def text(self, configuration: dict, ids: str, attention_mask: str | None) -> str:
        """Prompts' embeddings, not yet of unit length."""
        shape = configuration["text_config"]
        size = self.op("Shape", ids)
        length = self.op("Gather", size, self.constant(np.int64(1)))
        words = self.op("Gather", self.weight("text_model.embeddings.token_embedding.weight"), ids)
        every = self.constant(np.arange(shape["max_position_embeddings"], dtype=np.int64)[None])
        ends = self.op("Unsqueeze", length, self.integers(0))
        places = self.op("Slice", every, self.integers(0), ends, self.integers(1))
        x = self.op("Add", words, self.op("Gather", self.weight("text_model.embeddings.position_embedding.weight"), places))
        x = self.blocks(x, "text_model", shape, self.mask(length, attention_mask))
        x = self.layer_norm(x, "text_model.final_layer_norm", shape["layer_norm_eps"])
        # The end-of-text token has the highest id; of several, the first counts.
        end = self.op("ArgMax", self.op("Cast", ids, to=TensorProto.INT32), axis=-1, keepdims=0)
        batch = self.op("Gather", size, self.constant(np.int64(0)))
        row = self.op("Range", self.constant(np.int64(0)), batch, self.constant(np.int64(1)))
        place = [self.op("Unsqueeze", index, self.integers(1)) for index in (row, end)]
        pooled = self.op("GatherND", x, self.op("Concat", *place, axis=1))
        return self.op("MatMul", pooled, self.weight("text_projection.weight", transposed=True))

    def mask(self, length: str, attention_mask: str | None) -> str:
        """Zero where a token may look, the lowest number elsewhere."""
        places = self.op("Range", self.constant(np.int64(0)), length, self.constant(np.int64(1)))
        column = self.op("Unsqueeze", self.op("Add", places, self.integers(1)), self.integers(1))
        mask = self.op("Where", self.op("Less", places, column), self.number(0), self.number(LOWEST))
        mask = self.op("Unsqueeze", mask, self.integers(0, 1))
        if attention_mask is None:
            return mask
        seen = self.op("Unsqueeze", self.op("Cast", attention_mask, to=TensorProto.FLOAT), self.integers(1, 2))
        hidden = self.op("Sub", self.number(1), seen)
        padding = self.op("Where", self.op("Cast", hidden, to=TensorProto.BOOL), self.number(LOWEST), hidden)
        return self.op("Add", mask, padding)


def vision_model(configuration: dict, weights: dict[str, np.ndarray]) -> onnx.ModelProto:
    """The image tower alone: `pixel_values` to `image_embeds`."""
    graph = Graph(weights)
    embeds = graph.vision(configuration, "pixel_values")
    outputs = {"image_embeds": (embeds, ["batch_size", configuration["projection_dim"]])}
    return graph.model({"pixel_values": _pixel_values(configuration)}, outputs)


def text_model(configuration: dict, weights: dict[str, np.ndarray]) -> onnx.ModelProto:
    """The text tower alone: `input_ids` to `text_embeds`."""
    graph = Graph(weights)
    embeds = graph.text(configuration, "input_ids", None)
    inputs = {"input_ids": (TensorProto.INT64, ["batch_size", "sequence_length"])}
    return graph.model(inputs, {"text_embeds": (embeds, ["batch_size", configuration["projection_dim"]])})


def whole_model(configuration: dict, weights: dict[str, np.ndarray]) -> onnx.ModelProto:
    """Both towers and their scores, as the pipelines of Transformers.js run a CLIP."""
    graph = Graph(weights)
    texts, images = ["text_batch_size", "sequence_length"], "image_batch_size"
    inputs = {
        "input_ids": (TensorProto.INT64, texts),
        "pixel_values": _pixel_values(configuration, images),
        "attention_mask": (TensorProto.INT64, texts),
    }

    def unit(embeds):
        return graph.op("Div", embeds, graph.op("ReduceL2", embeds, axes=[-1], keepdims=1))

    image = unit(graph.vision(configuration, "pixel_values"))
    text = unit(graph.text(configuration, "input_ids", "attention_mask"))
    cosines = graph.op("MatMul", text, graph.op("Transpose", image, perm=[1, 0]))
    per_text = graph.op("Mul", cosines, graph.number(math.exp(configuration["logit_scale_init_value"])))
    width = configuration["projection_dim"]
    outputs = {
        "logits_per_image": (graph.op("Transpose", per_text, perm=[1, 0]), [images, texts[0]]),
        "logits_per_text": (per_text, [texts[0], images]),
        "text_embeds": (text, [texts[0], width]),
        "image_embeds": (image, [images, width]),
    }
    return graph.model(inputs, outputs)


def _pixel_values(configuration: dict, batch: str = "batch_size"):
    size = configuration["vision_config"]["image_size"]
    return TensorProto.FLOAT, [batch, 3, size, size]


def quantised(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model in int8 as `scripts/convert.py` of Transformers.js makes `model_quantized.onnx` of a CLIP: weights of
    one scale per output channel in seven bits, unsigned where there is a convolution, activations quantised as they come,
    matrices that are not constant left in f32."""
    has_convolution = any(node.op_type == "Conv" for node in model.graph.node)
    quantizer = ONNXQuantizer(
        model,
        per_channel=True,
        reduce_range=True,
        mode=QuantizationMode.IntegerOps,
        static=False,
        weight_qType=QuantType.QUInt8 if has_convolution else QuantType.QInt8,
        activation_qType=QuantType.QUInt8,
        tensors_range=None,
        nodes_to_quantize=[],
        nodes_to_exclude=[],
        op_types_to_quantize=set(IntegerOpsRegistry),
        extra_options={"EnableSubgraph": True, "MatMulConstBOnly": True},
    )
    quantizer.quantize_model()
    return quantizer.model.model
