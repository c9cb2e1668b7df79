// Shared by all designs: bits of fixed-point numbers as integers, tables, taps.
#ifndef QHLS_H
#define QHLS_H
#ifndef AP_INT_MAX_W
#define AP_INT_MAX_W 4096  // products inside an expression may be wider than any declared type
#endif
#include "ap_fixed.h"
#include "ap_int.h"
#include "hls_stream.h"
#if __has_include("ap_axi_sdata.h")
#include "ap_axi_sdata.h"
#else  // simulation with headers that lack it: the fields that are used here, as AMD's UG1399 names them
template <int W, int User, int Id, int Dest>
struct ap_axiu {
  ap_uint<W> data;
  ap_uint<(W + 7) / 8> keep, strb;
  ap_uint<1> last;
};
#endif
#if defined(__SYNTHESIS__) && !defined(QHLS_BITS)
#define QHLS_BITS  // tables with as many bits as their codes have, for logic or a memory
#endif
#ifdef __SYNTHESIS__
#define QHLS_BUFFER
#else
#define QHLS_BUFFER static  // large tensors would overflow a simulation's stack
#endif
#if defined(QHLS_TAPS) && !defined(__SYNTHESIS__)
#define QHLS_TAP(op, array, size) qhls::tap(op, array, size);
#define QHLS_TAP_TOKENS(op, stream, tokens) qhls::tap_tokens(op, stream, tokens);
#define QHLS_CALL_TOKEN(op, tokens, token) qhls::call_token<op, tokens>(token);
#define QHLS_TAP_TOKEN(op, tokens, token) \
  QHLS_CALL_TOKEN(op, tokens, token)      \
  if (qhls::sink()) qhls::tap_token(op, qhls::first_element(), token);
#define QHLS_TAP_PRODUCT(P, token) \
  if (P::tokens) qhls::call_token<P::op, P::tokens>(token); \
  if (P::tapped && qhls::sink()) qhls::tap_token(P::op, qhls::first_element(), token);
#define QHLS_CALL(op) qhls::first_op() = op;
#define QHLS_TAP_ELEMENT(offset, element, x) qhls::tap_element(offset, element, x);
#else  // without a statement, which DATAFLOW would not allow
#define QHLS_CALL(op)
#define QHLS_TAP_ELEMENT(offset, element, x)
#define QHLS_TAP(op, array, size)
#define QHLS_TAP_TOKENS(op, stream, tokens)
#define QHLS_TAP_TOKEN(op, tokens, token)
#define QHLS_CALL_TOKEN(op, tokens, token)
#define QHLS_TAP_PRODUCT(P, token)
#endif
namespace qhls {
// The stored bits of a fixed-point number as an integer, and back.
template <int W, bool S>
long long sign_extended(unsigned long long bits) {
  return S ? static_cast<long long>(bits << (64 - W)) >> (64 - W) : static_cast<long long>(bits);
}
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N>
long long to_code(const ap_fixed<W, I, Q, O, N>& x) {
  return sign_extended<W, true>(x.range(W - 1, 0).to_uint64());
}
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N>
long long to_code(const ap_ufixed<W, I, Q, O, N>& x) {
  return sign_extended<W, false>(x.range(W - 1, 0).to_uint64());
}
#ifdef __SYNTHESIS__
#define QHLS_BITS_OF(Code, x) return Code(x.range(W - 1, 0));
#else  // four times as fast
#define QHLS_BITS_OF(Code, x) return W > 64 ? Code(x.range(W - 1, 0)) : Code(x.bits_to_uint64());
#endif
template <class T>
constexpr int frac() {
  return T::width - T::iwidth;
}
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N>
ap_int<W> bits(const ap_fixed<W, I, Q, O, N>& x) {
  QHLS_BITS_OF(ap_int<W>, x)
}
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N>
ap_uint<W> bits(const ap_ufixed<W, I, Q, O, N>& x) {
  QHLS_BITS_OF(ap_uint<W>, x)
}
template <class T>
T from_code(long long code) {
  T x = 0;
  x.range(T::width - 1, 0) = ap_int<64>(code).range(T::width - 1, 0);
  return x;
}
template <class T, class Word>
T from_words(const Word* words, int count) {
  ap_uint<T::width + 64> code = 0;  // wide enough that no word is shifted out
  for (int i = count - 1; i >= 0; --i) code = (code << 64) | ap_uint<T::width + 64>(static_cast<unsigned long long>(words[i]));
  T x = 0;
  x.range(T::width - 1, 0) = code.range(T::width - 1, 0);
  return x;
}
template <class T, class From>
T with_bits(const From& from) {
  T x = 0;
  x.range(T::width - 1, 0) = from.range(T::width - 1, 0);
  return x;
}
#ifndef QHLS_BITS
// A constant table, filled from plain integers before the first run: g++ compiles these at once.
// A code that is wider than any C integer is stored as words of 64 bits, the lowest first.
template <class T, int N>
struct Table {
  T values[N];
  template <class Code, int M>
  explicit Table(const Code (&codes)[M]) {
    for (int i = 0; i < N; ++i) values[i] = M == N ? from_code<T>(codes[i]) : from_words<T>(codes + i * (M / N), M / N);
  }
  const T& operator[](int i) const { return values[i]; }
};
#endif
// Consecutive elements of a row-major tensor: what a stream carries in one cycle.
template <class T, int N>
struct Token {
  T data[N];
};
template <class T, int N>
using Stream = hls::stream<Token<T, N> >;
template <class T, class U, int N>
void copy(const T (&from)[N], U (&to)[N]) {
  #pragma HLS INLINE
  for (int l = 0; l < N; ++l) {
    #pragma HLS UNROLL
    to[l] = from[l];
  }
}
template <class T, int N>
void fill(T (&to)[N], const T& value) {
  #pragma HLS INLINE
  for (int l = 0; l < N; ++l) {
    #pragma HLS UNROLL
    to[l] = value;
  }
}
// A port is an AXI4-Stream. TDATA is a token filled up to bytes, its first element in the lowest bits. TLAST marks the
// last token of a tensor; that of an input is not read.
template <class T, int N>
using Packet = ap_axiu<(N * T::width + 7) / 8 * 8, 0, 0, 0>;
template <class T, int N>
using Port = hls::stream<Packet<T, N> >;
template <class T, int N>
Packet<T, N> pack(const Token<T, N>& token, bool last) {
  #pragma HLS INLINE
  Packet<T, N> packet;
  packet.data = 0;
  for (int l = 0; l < N; ++l) {
    #pragma HLS UNROLL
    packet.data.range(l * T::width + T::width - 1, l * T::width) = token.data[l].range(T::width - 1, 0);
  }
  packet.keep = -1;
  packet.strb = -1;
  packet.last = last;
  return packet;
}
template <class T, int N>
Token<T, N> unpack(const Packet<T, N>& packet) {
  #pragma HLS INLINE
  Token<T, N> token;
  for (int l = 0; l < N; ++l) {
    #pragma HLS UNROLL
    token.data[l].range(T::width - 1, 0) = packet.data.range(l * T::width + T::width - 1, l * T::width);
  }
  return token;
}
template <int Tokens, class T, int N>
void receive(Port<T, N>& in, Stream<T, N>& out) {
  for (int t = 0; t < Tokens; ++t) {
    #pragma HLS PIPELINE II=1
    out.write(unpack<T, N>(in.read()));
  }
}
template <int Tokens, class T, int N>
void send(Stream<T, N>& in, Port<T, N>& out) {
  for (int t = 0; t < Tokens; ++t) {
    #pragma HLS PIPELINE II=1
    out.write(pack(in.read(), t == Tokens - 1));
  }
}
#if defined(QHLS_TAPS) && !defined(__SYNTHESIS__)
// The simulating program sets the sink; each op passes it its result, one element at a time.
typedef void (*Sink)(int op, int element, long long code);
inline Sink& sink() {
  static Sink current = 0;
  return current;
}
// The code with which a function goes on after it computed ``code``: a proof tries all codes of an op within it.
typedef long long (*Source)(int op, int element, long long code);
inline Source& source() {
  static Source current = 0;
  return current;
}
inline int& first_op() {
  static int op = 0;  // of the function that runs
  return op;
}
inline int& first_element() {
  static int element = 0;  // of the token that it computes
  return element;
}
template <class T>
void tap_element(int offset, int element, T& x) {
  const int op = first_op() + offset, place = first_element() + element;
  if (sink()) sink()(op, place, to_code(x));
  if (source()) x = from_code<T>(source()(op, place, to_code(x)));
}
template <class T>
void tap(int op, const T* array, int size) {
  if (sink())
    for (int i = 0; i < size; ++i) sink()(op, i, to_code(array[i]));
}
template <class T, int N>
void tap_token(int op, int first, const Token<T, N>& token) {
  for (int i = 0; i < N; ++i) sink()(op, first + i, to_code(token.data[i]));
}
// Before the ops that follow ``Op`` on each of its tokens.
template <int Op, int Tokens, class T, int N>
void call_token(const Token<T, N>&) {
  static int sent = 0;  // tokens of this inference
  first_op() = Op + 1;
  first_element() = sent * N;
  sent = sent + 1 == Tokens ? 0 : sent + 1;
}
template <class Stream>
void tap_tokens(int op, Stream& stream, int tokens) {
  if (!sink()) return;
  for (int t = 0, first = 0; t < tokens; ++t) {  // a token that was read goes back to the end: the order stays
    const auto token = stream.read();
    tap_token(op, first, token);
    first += static_cast<int>(sizeof(token.data) / sizeof(token.data[0]));
    stream.write(token);
  }
}
#endif
// What a product by tiles is, unless its process says otherwise. A window moves over columns of pixels.
struct Product {
  static const int cycles = 1, steps = 0;  // of one inference; columns that are read, 0: one in every step
  static const int taken = 1, longest = 1;  // tokens of a column; cycles of a step with a result
  static const int channels = 1, image = 1;  // elements of a pixel; columns of the image
  static const int height = 1, right = 1, down = 1, dilation = 1;  // pixels of the window, in the image
  static const int slides = 0, stride_down = 1, stride_right = 1;
  static const int row_step = 0, column_step = 0, group_step = 0, start = 0;  // elements of the window
  static const int padded = 0;  // whether columns outside the following ones of the image are not read
  static const int first_row = 0, last_row = 0, first_column = 0, last_column = 0;
  static const int b = 1, f = 1, i = 1, j = 1, g = 1;  // tiles of groups, filters, rows, columns, channels
  static const int groups = 1, filters = 1, rows = 1, columns = 1, depth = 1;  // of one tile
  static const int in_luts = 0, period = 1;  // tokens of the result after which the constants of ``finish`` start over
  static const int op = 0, tokens = 0, tapped = 0;  // of the result that ``finish`` reads: for traces
  template <class T, int N>
  static void finish(const T (&x0)[N], T (&y)[N], int) {
    copy(x0, y);
  }
  static int filling() { return 0; }  // of the padding
};
// A token of a pixel enters the column ``next``, below those of the rows above, which move up in their word.
template <class P, class T, int L, int Column, int Words, int Above>
void enter(const Token<T, L>& token, T (&next)[Column], int t, T (&lines)[Words][Above], int word) {
  #pragma HLS INLINE
  for (int l = 0; l < L; ++l) {
    #pragma HLS UNROLL
    const int k = t * L + l;
    for (int h = 0; h < P::height - 1; ++h) {
      #pragma HLS UNROLL
      next[h * P::channels + k] = lines[word][h * P::dilation * L + l];
    }
    next[(P::height - 1) * P::channels + k] = token.data[l];
    for (int h = 0; h < P::down - 2; ++h) {
      #pragma HLS UNROLL
      lines[word][h * L + l] = lines[word][(h + 1) * L + l];
    }
    if (P::down > 1) lines[word][Above - L + l] = token.data[l];
  }
}
// The window moves by a column, and ``next`` becomes its last one.
template <class P, class T, int Window, int Column>
void slide(T (&window)[Window], const T (&next)[Column]) {
  #pragma HLS INLINE
  for (int h = 0; h < P::height; ++h) {
    #pragma HLS UNROLL
    for (int k = 0; k < (P::right - 1) * P::channels; ++k) {
      #pragma HLS UNROLL
      window[h * P::right * P::channels + k] = window[h * P::right * P::channels + k + P::channels];
    }
    for (int k = 0; k < P::channels; ++k) {
      #pragma HLS UNROLL
      window[(h * P::right + P::right - 1) * P::channels + k] = next[h * P::channels + k];
    }
  }
}
template <class Sum, class X, class W>
Sum multiply_in_luts(X x, W w) {
  #pragma HLS INLINE
  const Sum product = x * w;
  #pragma HLS BIND_OP variable=product op=mul impl=fabric
  return product;
}
// The sums of one tile of the weights, at the indices b, i, j and g of its element of the window.
template <class P, class Sum, int Results, class T, int Window, class Weights>
void add_tile(Sum (&sum)[Results], const T (&window)[Window], const Weights& weights, int tile, int b, int i, int j, int g) {
  #pragma HLS INLINE
  const int start = P::start + b * P::groups * P::group_step + i * P::rows * P::row_step + j * P::columns * P::column_step + g * P::depth;
  for (int p = 0; p < Results; ++p) {
    #pragma HLS UNROLL
    sum[p] = 0;
  }
  for (int r = 0; r < P::rows; ++r) {
    #pragma HLS UNROLL
    for (int c = 0; c < P::columns; ++c) {
      #pragma HLS UNROLL
      for (int s = 0; s < P::depth; ++s) {
        #pragma HLS UNROLL
        for (int p = 0; p < Results; ++p) {
          #pragma HLS UNROLL
          const int place = start + p / P::filters * P::group_step + r * P::row_step + c * P::column_step + s;
          const auto x = bits(window[place]);
          const auto w = bits(weights[(((tile * Results + p) * P::rows + r) * P::columns + c) * P::depth + s]);
          if (P::in_luts) sum[p] += multiply_in_luts<Sum>(x, w);
          else sum[p] += x * w;
        }
      }
    }
  }
}
// ``lines``: a word holds a token of each row above.
template <class P, class Sum, class T, int L, class U, int M, class Weights, int Words, int Above>
void multiply(Stream<T, L>& in, Stream<U, M>& out, const Weights& weights, T (&lines)[Words][Above]) {
  #pragma HLS INLINE
  #pragma HLS ARRAY_RESHAPE variable=lines type=complete dim=2
  typedef decltype(bits(Sum())) Integer;  // product and accumulator share a binary point
  static_assert(frac<decltype(T() * weights[0])>() == frac<Sum>(), "binary points of product and accumulator differ");
  static const int results = P::groups * P::filters, trips = P::b * P::f * P::i * P::j * P::g;
  QHLS_BUFFER T window[P::height * P::right * P::channels];
  #pragma HLS ARRAY_PARTITION variable=window type=complete
  QHLS_BUFFER T next[P::height * P::channels];  // the column that enters the window
  #pragma HLS ARRAY_PARTITION variable=next type=complete
  Integer total[results];
  #pragma HLS ARRAY_PARTITION variable=total type=complete
  Token<Sum, M> y_token;
  bool complete = false;  // whether a result is computed from the window
  int t = 0, step = 0, tile = 0, b = 0, f = 0, i = 0, j = 0, g = 0;
  int part = 0, first = 0;  // the results in the token; the element of the constants that it begins with
  int row = 0, column = 0, rows_left = P::down - 1, columns_left = P::right - 1;  // until a window ends
  product_cycles: for (int n = 0; n < P::cycles; ++n) {
    #pragma HLS PIPELINE II=1
    if (t < P::taken && (P::steps == 0 || step < P::steps)) {
      const bool above = row < P::first_row, below = row > P::last_row;
      const bool beside = column < P::first_column || column > P::last_column;
      Token<T, L> token;
      if (!P::padded || !(above || below || beside)) copy(in.read().data, token.data);
      else fill(token.data, T(P::filling()));
      enter<P>(token, next, t, lines, column * P::taken + t);
    }
    if (complete && t < trips) {
      Integer sum[results];
      #pragma HLS ARRAY_PARTITION variable=sum type=complete
      add_tile<P>(sum, window, weights, tile, b, i, j, g);
      for (int p = 0; p < results; ++p) {
        #pragma HLS UNROLL
        if (i == 0 && j == 0 && g == 0) total[p] = sum[p];
        else total[p] += sum[p];
      }
      if (i == P::i - 1 && j == P::j - 1 && g == P::g - 1) {
        for (int p = 0; p < results; ++p) {
          #pragma HLS UNROLL
          y_token.data[part + p] = with_bits<Sum>(total[p]);
        }
        if (part == M - results) {
          Token<U, M> sent;
          QHLS_TAP_PRODUCT(P, y_token)
          P::finish(y_token.data, sent.data, first);
          out.write(sent);
          first = first == (P::period - 1) * M ? 0 : first + M;
          part = 0;
        } else {
          part += results;
        }
      }
      tile = tile == trips - 1 ? 0 : tile + 1;
      if (++g == P::g) {
        g = 0;
        if (++j == P::j) {
          j = 0;
          if (++i == P::i) {
            i = 0;
            if (++f == P::f) {
              f = 0;
              b = b == P::b - 1 ? 0 : b + 1;
            }
          }
        }
      }
    }
    if (t < (complete ? P::longest : P::taken) - 1) {
      ++t;
    } else {
      t = 0;
      slide<P>(window, next);
      if (P::steps > 0) ++step;
      complete = rows_left == 0 && columns_left == 0;
      if (P::slides) {
        if (column == P::image - 1) {
          column = 0;
          ++row;
          columns_left = P::right - 1;
          rows_left = rows_left == 0 ? P::stride_down - 1 : rows_left - 1;
        } else {
          ++column;
          columns_left = columns_left == 0 ? P::stride_right - 1 : columns_left - 1;
        }
      }
    }
  }
}
template <class P, class Sum, class T, int L, class U, int M, class Weights>
void multiply(Stream<T, L>& in, Stream<U, M>& out, const Weights& weights) {
  #pragma HLS INLINE
  T none[1][1];  // the window is one row: nothing is above
  multiply<P, Sum>(in, out, weights, none);
}
}  // namespace qhls
#ifdef QHLS_BITS
#define QHLS_CODES(integer, ...) __VA_ARGS__
#define QHLS_READ(type, name, ...)                            \
  namespace qhls {                                            \
  namespace tables {                                          \
  struct name {                                               \
    type operator[](int i) const { return qhls::__VA_ARGS__; } \
  };                                                          \
  }                                                           \
  }                                                           \
  static const qhls::tables::name name = {};
#define QHLS_TABLE(type, name, codes, size) QHLS_READ(type, name, with_bits<type>(codes[i]))
#define QHLS_WORDS(type, name, codes, size, words) QHLS_READ(type, name, from_words<type>(codes + i * words, words))
#else
#define QHLS_CODES(integer, ...) integer
#define QHLS_TABLE(type, name, codes, size) static const qhls::Table<type, size> name(codes);
#define QHLS_WORDS(type, name, codes, size, words) QHLS_TABLE(type, name, codes, size)
#endif
#endif
