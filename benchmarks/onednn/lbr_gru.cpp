// A training step of oneDNN's lbr_gru ("linear before reset": the GRU of PyTorch and cuDNN), for
// one layer and direction, called from Python through C functions.
//
// Arrays are float32 and row-major; gates stand in oneDNN's order u, r, o:
//   src, diff_src        (T, B, I)        h0, h_n, dh_n, diff_h0  (B, H)
//   dst, diff_dst        (T, B, H)        bias, diff_bias         (4, H): u, r, o, recurrent o
//   weights_layer, diff  (I, 3, H)        weights_iter, diff      (H, 3, H)
//
// Weights are brought into the layouts that the library prefers once, when the layer is made: a
// training loop would have to do so at every step.

#include <omp.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <cstring>
#include <string>
#include <unordered_map>
#include <vector>

#include "dnnl.hpp"

using namespace dnnl;
using dims = memory::dims;
using tag = memory::format_tag;

namespace {

std::string last_error;

memory::desc described(const dims &shape, tag order) {
    return memory::desc(shape, memory::data_type::f32, order);
}

struct Layer {
    engine cpu{engine::kind::cpu, 0};
    stream queue{cpu};
    int threads;
    primitive forward, backward;
    std::unordered_map<int, memory> forward_arguments, backward_arguments;
    std::vector<memory> accumulated;  // backward adds to them

    memory filled(const dims &shape, tag order, const float *values) {
        memory made(described(shape, order), cpu);
        if (values) std::memcpy(made.get_data_handle(), values, made.get_desc().get_size());
        return made;
    }

    memory reordered(memory from, const memory::desc &wanted) {
        if (from.get_desc() == wanted) return from;
        memory to(wanted, cpu);
        reorder(from, to).execute(queue, from, to);
        queue.wait();
        return to;
    }
};

// Gradients that fade over a long sequence become denormal numbers, which are slow.
void flush_denormals(int threads) {
#if defined(__x86_64__)
#pragma omp parallel num_threads(threads)
    _mm_setcsr(_mm_getcsr() | 0x8040);
#endif
}

void run(Layer &layer, const primitive &what, const std::unordered_map<int, memory> &arguments) {
    omp_set_num_threads(layer.threads);
    what.execute(layer.queue, arguments);
    layer.queue.wait();
}

void make(Layer &layer, long T, long B, long I, long H, const float *const *given) {
    const dims x{T, B, I}, y{T, B, H}, state{1, 1, B, H};
    const dims w_layer{1, 1, I, 3, H}, w_iter{1, 1, H, 3, H}, w_bias{1, 1, 4, H};
    const auto x_desc = described(x, tag::tnc), y_desc = described(y, tag::tnc);
    const auto state_desc = described(state, tag::ldnc), bias_desc = described(w_bias, tag::ldgo);
    const auto layer_any = described(w_layer, tag::any), iter_any = described(w_iter, tag::any);
    const auto layer_plain = described(w_layer, tag::ldigo);
    const auto iter_plain = described(w_iter, tag::ldigo);
    const auto direction = rnn_direction::unidirectional_left2right;

    const lbr_gru_forward::primitive_desc ahead(layer.cpu, prop_kind::forward_training, direction,
        x_desc, state_desc, layer_any, iter_any, bias_desc, y_desc, state_desc);
    const lbr_gru_backward::primitive_desc back(layer.cpu, prop_kind::backward, direction, x_desc,
        state_desc, layer_any, iter_any, bias_desc, y_desc, state_desc, x_desc, state_desc,
        layer_plain, iter_plain, bias_desc, y_desc, state_desc, ahead);
    layer.forward = lbr_gru_forward(ahead);
    layer.backward = lbr_gru_backward(back);

    const auto weights_layer = layer.filled(w_layer, tag::ldigo, given[2]);
    const auto weights_iter = layer.filled(w_iter, tag::ldigo, given[3]);
    layer.forward_arguments = {
        {DNNL_ARG_SRC_LAYER, layer.filled(x, tag::tnc, given[0])},
        {DNNL_ARG_SRC_ITER, layer.filled(state, tag::ldnc, given[1])},
        {DNNL_ARG_WEIGHTS_LAYER, layer.reordered(weights_layer, ahead.weights_layer_desc())},
        {DNNL_ARG_WEIGHTS_ITER, layer.reordered(weights_iter, ahead.weights_iter_desc())},
        {DNNL_ARG_BIAS, layer.filled(w_bias, tag::ldgo, given[4])},
        {DNNL_ARG_DST_LAYER, memory(y_desc, layer.cpu)},
        {DNNL_ARG_DST_ITER, memory(state_desc, layer.cpu)},
        {DNNL_ARG_WORKSPACE, memory(ahead.workspace_desc(), layer.cpu)},
    };
    auto &arguments = layer.backward_arguments = layer.forward_arguments;
    arguments[DNNL_ARG_WEIGHTS_LAYER] = layer.reordered(weights_layer, back.weights_layer_desc());
    arguments[DNNL_ARG_WEIGHTS_ITER] = layer.reordered(weights_iter, back.weights_iter_desc());
    arguments[DNNL_ARG_DIFF_DST_LAYER] = layer.filled(y, tag::tnc, given[5]);
    arguments[DNNL_ARG_DIFF_DST_ITER] = layer.filled(state, tag::ldnc, given[6]);
    arguments[DNNL_ARG_DIFF_SRC_LAYER] = memory(x_desc, layer.cpu);
    arguments[DNNL_ARG_DIFF_SRC_ITER] = memory(state_desc, layer.cpu);
    layer.accumulated = {
        arguments[DNNL_ARG_DIFF_WEIGHTS_LAYER] = memory(layer_plain, layer.cpu),
        arguments[DNNL_ARG_DIFF_WEIGHTS_ITER] = memory(iter_plain, layer.cpu),
        arguments[DNNL_ARG_DIFF_BIAS] = memory(bias_desc, layer.cpu),
    };
}

}  // namespace

extern "C" {

const char *lbr_gru_error() { return last_error.c_str(); }

// `given`: src, h0, weights_layer, weights_iter, bias, diff_dst, dh_n. Null where it cannot be made.
void *lbr_gru_make(long T, long B, long I, long H, int threads, int flush, const float **given) {
    auto *layer = new Layer;
    layer->threads = threads;
    omp_set_num_threads(threads);
    if (flush) flush_denormals(threads);
    try {
        make(*layer, T, B, I, H, given);
    } catch (const std::exception &problem) {
        last_error = problem.what();
        delete layer;
        return nullptr;
    }
    return layer;
}

void lbr_gru_free(void *handle) { delete static_cast<Layer *>(handle); }

void lbr_gru_forward_step(void *handle) {
    auto &layer = *static_cast<Layer *>(handle);
    run(layer, layer.forward, layer.forward_arguments);
}

void lbr_gru_backward_step(void *handle) {
    auto &layer = *static_cast<Layer *>(handle);
    for (auto &gradient : layer.accumulated)
        std::memset(gradient.get_data_handle(), 0, gradient.get_desc().get_size());
    run(layer, layer.backward, layer.backward_arguments);
}

// dst, h_n, diff_src, diff_h0, diff_weights_layer, diff_weights_iter, diff_bias
const float *lbr_gru_result(void *handle, int which) {
    static const int names[] = {DNNL_ARG_DST_LAYER, DNNL_ARG_DST_ITER, DNNL_ARG_DIFF_SRC_LAYER,
        DNNL_ARG_DIFF_SRC_ITER, DNNL_ARG_DIFF_WEIGHTS_LAYER, DNNL_ARG_DIFF_WEIGHTS_ITER,
        DNNL_ARG_DIFF_BIAS};
    auto &layer = *static_cast<Layer *>(handle);
    return static_cast<float *>(layer.backward_arguments.at(names[which]).get_data_handle());
}
}
