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

#define EACH(DO)                                             \
  DO(Conv2D, CONV_2D, Conv2D, 3)                             \
  DO(DepthwiseConv2D, DEPTHWISE_CONV_2D, DepthwiseConv2D, 4) \
  DO(FullyConnected, FULLY_CONNECTED, FullyConnected, 9)     \
  DO(MaxPool2D, MAX_POOL_2D, Pool, 17)                       \
  DO(AveragePool2D, AVERAGE_POOL_2D, Pool, 1)                \
  DO(Quantize, QUANTIZE, Quantize, 114)                      \
  DO(Dequantize, DEQUANTIZE, Dequantize, 6)                  \
  DO(Relu, RELU, Relu, 19)                                   \
  DO(Reshape, RESHAPE, Reshape, 22)                          \
  DO(Softmax, SOFTMAX, Softmax, 25)                          \
  DO(Mean, MEAN, Reducer, 40)

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
