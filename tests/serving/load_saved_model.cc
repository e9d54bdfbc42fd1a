// Runs one signature of a SavedModel with TensorFlow's C++ API alone.
//
// Standard input, one request a line:   SIGNATURE NAME DTYPE RANK DIM... FILE OUTPUT_PREFIX
// DTYPE is float, uint8 or string; FILE holds the tensor's bytes (strings: uint32 length, then the bytes, each).
// Every output goes to OUTPUT_PREFIX.NAME (raw bytes) and its dtype and shape to standard output.
// A request that fails prints its status and the next one is served.
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
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
    std::cout << prefix << " failed " << text << std::endl;
    return;
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    const auto data = outputs[i].tensor_data();
    std::ofstream(prefix + "." + names[i], std::ios::binary).write(data.data(), data.size());
    std::cout << prefix << " " << names[i] << " " << tensorflow::DataTypeString(outputs[i].dtype()) << " "
              << outputs[i].shape().DebugString() << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: load_saved_model EXPORT_DIR < requests" << std::endl;
    return 2;
  }
  tensorflow::SavedModelBundle bundle;
  const auto status = tensorflow::LoadSavedModel(
      tensorflow::SessionOptions(), tensorflow::RunOptions(), argv[1], {"serve"}, &bundle);
  if (!status.ok()) {
    std::cerr << status.ToString() << std::endl;
    return 1;
  }
  for (std::string line; std::getline(std::cin, line);) Serve(bundle, line);
  return 0;
}
