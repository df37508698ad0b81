// Declares what an example uses of TensorFlow Lite Micro, laid out as in the wheel of October 2026:
// code compiled with this can be run on that wheel's library. OLD puts all of it into `tflite`.
#pragma once

#include <cstddef>
#include <cstdint>

#ifdef OLD
#define MICRO
#define END_MICRO
#else
#define MICRO namespace micro {
#define END_MICRO }
#endif

namespace tflite {

struct Model;
struct Operator;
enum BuiltinOperator : int32_t;

inline const Model* GetModel(const void* data) {
  return reinterpret_cast<const Model*>(static_cast<const uint8_t*>(data) +
                                        *static_cast<const uint32_t*>(data));
}

MICRO

struct TfLiteContext;
struct TfLiteNode;
class BuiltinDataAllocator;
class MicroResourceVariables;
class MicroProfilerInterface;
enum TfLiteStatus { kTfLiteOk = 0, kTfLiteError = 1 };

struct TfLiteTensor {
  struct {
    int type;
    void* params;
  } quantization;
  struct {
    float scale;
    int32_t zero_point;
  } params;
  union {
    void* raw;
    int8_t* int8;
    float* f;
  } data;
};

struct TFLMRegistration {
  void* (*init)(TfLiteContext*, const char*, size_t);
  void (*free)(TfLiteContext*, void*);
  TfLiteStatus (*prepare)(TfLiteContext*, TfLiteNode*);
  TfLiteStatus (*invoke)(TfLiteContext*, TfLiteNode*);
  void (*reset)(TfLiteContext*, void*);
  int32_t builtin_code;
  const char* custom_name;
};

using Parser = TfLiteStatus (*)(const Operator*, BuiltinDataAllocator*, void**);

class MicroOpResolver {
 public:
  virtual const TFLMRegistration* FindOp(BuiltinOperator op) const = 0;
  virtual const TFLMRegistration* FindOp(const char* op) const = 0;
  virtual Parser GetOpDataParser(BuiltinOperator op) const = 0;
  virtual ~MicroOpResolver() {}
};

#define EACH(DO)                                                                               \
  DO(Abs, ABS, Abs, 101)                                                                       \
  DO(Add, ADD, Add, 0)                                                                         \
  DO(AddN, ADD_N, AddN, 106)                                                                   \
  DO(ArgMax, ARG_MAX, ArgMax, 56)                                                              \
  DO(ArgMin, ARG_MIN, ArgMin, 79)                                                              \
  DO(AssignVariable, ASSIGN_VARIABLE, AssignVariable, 144)                                     \
  DO(AveragePool2D, AVERAGE_POOL_2D, Pool, 1)                                                  \
  DO(BatchMatMul, BATCH_MATMUL, BatchMatMul, 126)                                              \
  DO(BatchToSpaceNd, BATCH_TO_SPACE_ND, BatchToSpaceNd, 37)                                    \
  DO(BroadcastArgs, BROADCAST_ARGS, BroadcastArgs, 145)                                        \
  DO(BroadcastTo, BROADCAST_TO, BroadcastTo, 130)                                              \
  DO(CallOnce, CALL_ONCE, CallOnce, 129)                                                       \
  DO(Cast, CAST, Cast, 53)                                                                     \
  DO(Ceil, CEIL, Ceil, 104)                                                                    \
  DO(Concatenation, CONCATENATION, Concatenation, 2)                                           \
  DO(Conv2D, CONV_2D, Conv2D, 3)                                                               \
  DO(Cos, COS, Cos, 108)                                                                       \
  DO(CumSum, CUMSUM, Cumsum, 128)                                                              \
  DO(DepthToSpace, DEPTH_TO_SPACE, DepthToSpace, 5)                                            \
  DO(DepthwiseConv2D, DEPTHWISE_CONV_2D, DepthwiseConv2D, 4)                                   \
  DO(Dequantize, DEQUANTIZE, Dequantize, 6)                                                    \
  DO(Div, DIV, Div, 42)                                                                        \
  DO(DynamicUpdateSlice, DYNAMIC_UPDATE_SLICE, DynamicUpdateSlice, 151)                        \
  DO(Elu, ELU, Elu, 111)                                                                       \
  DO(EmbeddingLookup, EMBEDDING_LOOKUP, EmbeddingLookup, 7)                                    \
  DO(Equal, EQUAL, Equal, 71)                                                                  \
  DO(Exp, EXP, Exp, 47)                                                                        \
  DO(ExpandDims, EXPAND_DIMS, ExpandDims, 70)                                                  \
  DO(Fill, FILL, Fill, 94)                                                                     \
  DO(Floor, FLOOR, Floor, 8)                                                                   \
  DO(FloorDiv, FLOOR_DIV, FloorDiv, 90)                                                        \
  DO(FloorMod, FLOOR_MOD, FloorMod, 95)                                                        \
  DO(FullyConnected, FULLY_CONNECTED, FullyConnected, 9)                                       \
  DO(Gather, GATHER, Gather, 36)                                                               \
  DO(GatherNd, GATHER_ND, GatherNd, 107)                                                       \
  DO(Greater, GREATER, Greater, 61)                                                            \
  DO(GreaterEqual, GREATER_EQUAL, GreaterEqual, 62)                                            \
  DO(HardSwish, HARD_SWISH, HardSwish, 117)                                                    \
  DO(If, IF, If, 118)                                                                          \
  DO(L2Normalization, L2_NORMALIZATION, L2Normalization, 11)                                   \
  DO(L2Pool2D, L2_POOL_2D, Pool, 12)                                                           \
  DO(LeakyRelu, LEAKY_RELU, LeakyRelu, 98)                                                     \
  DO(Less, LESS, Less, 58)                                                                     \
  DO(LessEqual, LESS_EQUAL, LessEqual, 63)                                                     \
  DO(Log, LOG, Log, 73)                                                                        \
  DO(LogSoftmax, LOG_SOFTMAX, LogSoftmax, 50)                                                  \
  DO(LogicalAnd, LOGICAL_AND, LogicalAnd, 86)                                                  \
  DO(LogicalNot, LOGICAL_NOT, LogicalNot, 87)                                                  \
  DO(LogicalOr, LOGICAL_OR, LogicalOr, 84)                                                     \
  DO(Logistic, LOGISTIC, Logistic, 14)                                                         \
  DO(MaxPool2D, MAX_POOL_2D, Pool, 17)                                                         \
  DO(Maximum, MAXIMUM, Maximum, 55)                                                            \
  DO(Mean, MEAN, Reducer, 40)                                                                  \
  DO(Minimum, MINIMUM, Minimum, 57)                                                            \
  DO(MirrorPad, MIRROR_PAD, MirrorPad, 100)                                                    \
  DO(Mul, MUL, Mul, 18)                                                                        \
  DO(Neg, NEG, Neg, 59)                                                                        \
  DO(NotEqual, NOT_EQUAL, NotEqual, 72)                                                        \
  DO(Pack, PACK, Pack, 83)                                                                     \
  DO(Pad, PAD, Pad, 34)                                                                        \
  DO(PadV2, PADV2, PadV2, 60)                                                                  \
  DO(Prelu, PRELU, Prelu, 54)                                                                  \
  DO(Quantize, QUANTIZE, Quantize, 114)                                                        \
  DO(ReadVariable, READ_VARIABLE, ReadVariable, 143)                                           \
  DO(ReduceAll, REDUCE_ALL, Reducer, 140)                                                      \
  DO(ReduceMax, REDUCE_MAX, Reducer, 82)                                                       \
  DO(ReduceMin, REDUCE_MIN, Reducer, 89)                                                       \
  DO(Relu, RELU, Relu, 19)                                                                     \
  DO(Relu6, RELU6, Relu6, 21)                                                                  \
  DO(Reshape, RESHAPE, Reshape, 22)                                                            \
  DO(ResizeBilinear, RESIZE_BILINEAR, ResizeBilinear, 23)                                      \
  DO(ResizeNearestNeighbor, RESIZE_NEAREST_NEIGHBOR, ResizeNearestNeighbor, 97)                \
  DO(ReverseV2, REVERSE_V2, ReverseV2, 105)                                                    \
  DO(Round, ROUND, Round, 116)                                                                 \
  DO(Rsqrt, RSQRT, Rsqrt, 76)                                                                  \
  DO(SelectV2, SELECT_V2, SelectV2, 123)                                                       \
  DO(Shape, SHAPE, Shape, 77)                                                                  \
  DO(Sin, SIN, Sin, 66)                                                                        \
  DO(Slice, SLICE, Slice, 65)                                                                  \
  DO(Softmax, SOFTMAX, Softmax, 25)                                                            \
  DO(SpaceToBatchNd, SPACE_TO_BATCH_ND, SpaceToBatchNd, 38)                                    \
  DO(SpaceToDepth, SPACE_TO_DEPTH, SpaceToDepth, 26)                                           \
  DO(Split, SPLIT, Split, 49)                                                                  \
  DO(SplitV, SPLIT_V, SplitV, 102)                                                             \
  DO(Sqrt, SQRT, Sqrt, 75)                                                                     \
  DO(Square, SQUARE, Square, 92)                                                               \
  DO(SquaredDifference, SQUARED_DIFFERENCE, SquaredDifference, 99)                             \
  DO(Squeeze, SQUEEZE, Squeeze, 43)                                                            \
  DO(StridedSlice, STRIDED_SLICE, StridedSlice, 45)                                            \
  DO(Sub, SUB, Sub, 41)                                                                        \
  DO(Sum, SUM, Reducer, 74)                                                                    \
  DO(Svdf, SVDF, Svdf, 27)                                                                     \
  DO(Tanh, TANH, Tanh, 28)                                                                     \
  DO(Transpose, TRANSPOSE, Transpose, 39)                                                      \
  DO(TransposeConv, TRANSPOSE_CONV, TransposeConv, 67)                                         \
  DO(UnidirectionalSequenceLSTM, UNIDIRECTIONAL_SEQUENCE_LSTM, UnidirectionalSequenceLSTM, 44) \
  DO(Unpack, UNPACK, Unpack, 88)                                                               \
  DO(VarHandle, VAR_HANDLE, VarHandle, 142)                                                    \
  DO(While, WHILE, While, 119)                                                                 \
  DO(ZerosLike, ZEROS_LIKE, ZerosLike, 93)

#define DECLARE(method, registration, parser, code) \
  TFLMRegistration Register_##registration();       \
  TfLiteStatus Parse##parser(const Operator*, BuiltinDataAllocator*, void**);
EACH(DECLARE)

template <unsigned int kCount>
class MicroMutableOpResolver : public MicroOpResolver {
 public:
#define ADD(method, registration, parser, code) \
  TfLiteStatus Add##method() { return Add(code, Register_##registration(), Parse##parser); }
  EACH(ADD)

  const TFLMRegistration* FindOp(BuiltinOperator op) const override {
    for (unsigned int i = 0; i < count_; ++i) {
      if (registrations_[i].builtin_code == op) return &registrations_[i];
    }
    return nullptr;
  }
  const TFLMRegistration* FindOp(const char*) const override { return nullptr; }
  Parser GetOpDataParser(BuiltinOperator op) const override {
    for (unsigned int i = 0; i < count_; ++i) {
      if (registrations_[i].builtin_code == op) return parsers_[i];
    }
    return nullptr;
  }

 private:
  TfLiteStatus Add(int32_t code, TFLMRegistration registration, Parser parser) {
    if (count_ == kCount) return kTfLiteError;
    registration.builtin_code = code;
    parsers_[count_] = parser;
    registrations_[count_++] = registration;
    return kTfLiteOk;
  }

  TFLMRegistration registrations_[kCount] = {};
  Parser parsers_[kCount] = {};
  unsigned int count_ = 0;
};

class MicroInterpreter {
 public:
  MicroInterpreter(const Model* model, const MicroOpResolver& resolver, uint8_t* arena, size_t size,
                   MicroResourceVariables* variables = nullptr,
                   MicroProfilerInterface* profiler = nullptr, bool keep_all = false);
  ~MicroInterpreter();
  TfLiteStatus AllocateTensors();
  TfLiteStatus Invoke();
  TfLiteStatus Reset();
  TfLiteTensor* input(size_t index);
  TfLiteTensor* output(size_t index);

 private:
  alignas(16) unsigned char inside_[4096];  // more than it is
};

END_MICRO
}  // namespace tflite
