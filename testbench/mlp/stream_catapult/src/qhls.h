// Shared by all designs: bits of fixed-point numbers as integers, tables, taps.
#ifndef QHLS_H
#define QHLS_H
#include <ac_fixed.h>
#include <ac_int.h>
#ifdef CCS_SCVERIFY
#include <mc_scverify.h>
#endif
#ifndef CCS_BLOCK
#define CCS_BLOCK(name) name
#endif
#ifndef CCS_DESIGN
#define CCS_DESIGN(name) name
#endif
#ifndef CCS_MAIN
#define CCS_MAIN(argc, argv) int main(argc, argv)
#define CCS_RETURN(status) return status
#endif
#include <ac_channel.h>
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
template <int W, int I, bool S, ac_q_mode Q, ac_o_mode O>
long long to_code(const ac_fixed<W, I, S, Q, O>& x) {
  return x.template slc<W>(0).to_int64();
}
template <class T>
constexpr int frac() {
  return T::width - T::i_width;
}
template <int W, int I, bool S, ac_q_mode Q, ac_o_mode O>
ac_int<W, S> bits(const ac_fixed<W, I, S, Q, O>& x) {
  return x.template slc<W>(0);
}
template <class T>
T from_code(long long code) {
  T x;
  x.set_slc(0, ac_int<T::width, T::sign>(code));
  return x;
}
template <class T, class Word>
T from_words(const Word* words, int count) {
  ac_int<T::width + 64, false> code = 0;  // wide enough that no word is shifted out
  for (int i = count - 1; i >= 0; --i) code = (code << 64) | ac_int<64, false>(static_cast<unsigned long long>(words[i]));
  T x;
  x.set_slc(0, code.template slc<T::width>(0));
  return x;
}
template <class T, class From>
T with_bits(const From& from) {
  T x;
  x.set_slc(0, from.template slc<T::width>(0));
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
using Stream = ac_channel<Token<T, N> >;
template <class T, class U, int N>
void copy(const T (&from)[N], U (&to)[N]) {
  // inlined, as each function without a block is
  #pragma hls_unroll yes
  for (int l = 0; l < N; ++l) {
    to[l] = from[l];
  }
}
template <class T, int N>
void fill(T (&to)[N], const T& value) {
  // inlined, as each function without a block is
  #pragma hls_unroll yes
  for (int l = 0; l < N; ++l) {
    to[l] = value;
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
  // inlined, as each function without a block is
  #pragma hls_unroll yes
  for (int l = 0; l < L; ++l) {
    const int k = t * L + l;
    #pragma hls_unroll yes
    for (int h = 0; h < P::height - 1; ++h) {
      next[h * P::channels + k] = lines[word][h * P::dilation * L + l];
    }
    next[(P::height - 1) * P::channels + k] = token.data[l];
    #pragma hls_unroll yes
    for (int h = 0; h < P::down - 2; ++h) {
      lines[word][h * L + l] = lines[word][(h + 1) * L + l];
    }
    if (P::down > 1) lines[word][Above - L + l] = token.data[l];
  }
}
// The window moves by a column, and ``next`` becomes its last one.
template <class P, class T, int Window, int Column>
void slide(T (&window)[Window], const T (&next)[Column]) {
  // inlined, as each function without a block is
  #pragma hls_unroll yes
  for (int h = 0; h < P::height; ++h) {
    #pragma hls_unroll yes
    for (int k = 0; k < (P::right - 1) * P::channels; ++k) {
      window[h * P::right * P::channels + k] = window[h * P::right * P::channels + k + P::channels];
    }
    #pragma hls_unroll yes
    for (int k = 0; k < P::channels; ++k) {
      window[(h * P::right + P::right - 1) * P::channels + k] = next[h * P::channels + k];
    }
  }
}
template <class Sum, class X, class W>
Sum multiply_in_luts(X x, W w) {
  // inlined, as each function without a block is
  const Sum product = x * w;
  // product: logic, as all of Catapult's products are here
  return product;
}
// The sums of one tile of the weights, at the indices b, i, j and g of its element of the window.
template <class P, class Sum, int Results, class T, int Window, class Weights>
void add_tile(Sum (&sum)[Results], const T (&window)[Window], const Weights& weights, int tile, int b, int i, int j, int g) {
  // inlined, as each function without a block is
  const int start = P::start + b * P::groups * P::group_step + i * P::rows * P::row_step + j * P::columns * P::column_step + g * P::depth;
  #pragma hls_unroll yes
  for (int p = 0; p < Results; ++p) {
    sum[p] = 0;
  }
  #pragma hls_unroll yes
  for (int r = 0; r < P::rows; ++r) {
    #pragma hls_unroll yes
    for (int c = 0; c < P::columns; ++c) {
      #pragma hls_unroll yes
      for (int s = 0; s < P::depth; ++s) {
        #pragma hls_unroll yes
        for (int p = 0; p < Results; ++p) {
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
  // inlined, as each function without a block is
  // lines: one word per token
  typedef decltype(bits(Sum())) Integer;  // product and accumulator share a binary point
  static_assert(frac<decltype(T() * weights[0])>() == frac<Sum>(), "binary points of product and accumulator differ");
  static const int results = P::groups * P::filters, trips = P::b * P::f * P::i * P::j * P::g;
  QHLS_BUFFER T window[P::height * P::right * P::channels];
  // window: registers, by the memory threshold in build.tcl
  QHLS_BUFFER T next[P::height * P::channels];  // the column that enters the window
  // next: registers, by the memory threshold in build.tcl
  Integer total[results];
  // total: registers, by the memory threshold in build.tcl
  Token<Sum, M> y_token;
  bool complete = false;  // whether a result is computed from the window
  int t = 0, step = 0, tile = 0, b = 0, f = 0, i = 0, j = 0, g = 0;
  int part = 0, first = 0;  // the results in the token; the element of the constants that it begins with
  int row = 0, column = 0, rows_left = P::down - 1, columns_left = P::right - 1;  // until a window ends
  #pragma hls_pipeline_init_interval 1
  product_cycles: for (int n = 0; n < P::cycles; ++n) {
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
      // sum: registers, by the memory threshold in build.tcl
      add_tile<P>(sum, window, weights, tile, b, i, j, g);
      #pragma hls_unroll yes
      for (int p = 0; p < results; ++p) {
        if (i == 0 && j == 0 && g == 0) total[p] = sum[p];
        else total[p] += sum[p];
      }
      if (i == P::i - 1 && j == P::j - 1 && g == P::g - 1) {
        #pragma hls_unroll yes
        for (int p = 0; p < results; ++p) {
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
  // inlined, as each function without a block is
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
