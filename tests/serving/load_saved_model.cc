// Serves a SavedModel's signatures from several threads with TensorFlow's C++ API alone.
//
// usage: load_saved_model EXPORT_DIR THREADS < requests
//
// Standard input, one request a line:   SIGNATURE NAME DTYPE RANK DIM... FILE OUTPUT_PREFIX
// DTYPE is float, uint8 or string; FILE holds the tensor's bytes (strings: uint32 length, then the bytes, each).
// Every output goes to OUTPUT_PREFIX.NAME (raw bytes) and its dtype and shape to standard output.
// A request that fails prints its status and the next one is served.
//
// It is built against TensorFlow's wheel:
//   ROOT=$(python -c 'import os, tensorflow; print(os.path.dirname(tensorflow.__file__))')
//   g++ $(python -c 'import tensorflow as tf; print(*tf.sysconfig.get_compile_flags())') -std=c++17 load_saved_model.cc \
//     -Wl,--no-as-needed "$ROOT/libtensorflow_cc.so.2" "$ROOT/libtensorflow_framework.so.2" -Wl,-rpath,"$ROOT" -o load_saved_model
#include <atomic>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iostream>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tensorflow/cc/saved_model/loader.h"
#include "tensorflow/core/framework/tensor.h"
#include "tensorflow/core/public/session.h"

namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

tensorflow::Tensor ReadTensor(const std::string& dtype, const tensorflow::TensorShape& shape, const std::string& path) {
  const std::string bytes = ReadFile(path);
  if (dtype == "string") {
    tensorflow::Tensor tensor(tensorflow::DT_STRING, shape);
    auto values = tensor.flat<tensorflow::tstring>();
    size_t position = 0;
    for (int64_t i = 0; i < tensor.NumElements(); ++i) {
      uint32_t length;
      std::memcpy(&length, bytes.data() + position, sizeof(length));
      position += sizeof(length);
      values(i) = tensorflow::tstring(bytes.data() + position, length);
      position += length;
    }
    return tensor;
  }
  tensorflow::Tensor tensor(dtype == "uint8" ? tensorflow::DT_UINT8 : tensorflow::DT_FLOAT, shape);
  std::memcpy(const_cast<char*>(tensor.tensor_data().data()), bytes.data(), bytes.size());
  return tensor;
}

// Of standard output.
std::mutex output_mutex;

void Print(const std::string& line) {
  const std::lock_guard<std::mutex> lock(output_mutex);
  std::cout << line << std::endl;
}

void Serve(const tensorflow::SavedModelBundle& bundle, const std::string& line) {
  std::istringstream request(line);
  std::string signature_name, name, dtype, path, prefix;
  int rank;
  request >> signature_name >> name >> dtype >> rank;
  tensorflow::TensorShape shape;
  for (int i = 0; i < rank; ++i) {
    int64_t size;
    request >> size;
    shape.AddDim(size);
  }
  request >> path >> prefix;

  const auto& signature = bundle.GetSignatures().at(signature_name);
  std::vector<std::string> names, fetches;
  for (const auto& output : signature.outputs()) {
    names.push_back(output.first);
    fetches.push_back(output.second.name());
  }
  std::vector<tensorflow::Tensor> outputs;
  const auto status = bundle.session->Run(
      {{signature.inputs().at(name).name(), ReadTensor(dtype, shape, path)}}, fetches, {}, &outputs);
  if (!status.ok()) {
    std::string text = status.ToString();
    for (char& c : text) c = c == '\n' ? ' ' : c;
    Print(prefix + " failed " + text);
    return;
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    const auto data = outputs[i].tensor_data();
    std::ofstream(prefix + "." + names[i], std::ios::binary).write(data.data(), data.size());
    Print(prefix + " " + names[i] + " " + tensorflow::DataTypeString(outputs[i].dtype()) + " " +
          outputs[i].shape().DebugString());
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: load_saved_model EXPORT_DIR THREADS < requests" << std::endl;
    return 2;
  }
  tensorflow::SavedModelBundle bundle;
  const auto status = tensorflow::LoadSavedModel(
      tensorflow::SessionOptions(), tensorflow::RunOptions(), argv[1], {"serve"}, &bundle);
  if (!status.ok()) {
    std::cerr << status.ToString() << std::endl;
    return 1;
  }
  std::vector<std::string> requests;
  for (std::string line; std::getline(std::cin, line);) requests.push_back(line);
  std::atomic<size_t> next{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < std::stoi(argv[2]); ++i) {
    threads.emplace_back([&] {
      for (size_t number; (number = next++) < requests.size();) Serve(bundle, requests[number]);
    });
  }
  for (std::thread& thread : threads) thread.join();
  return 0;
}
