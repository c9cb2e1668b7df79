// Shared by all designs: bits of fixed-point numbers as integers, tables, taps.
#ifndef QHLS_H
#define QHLS_H
#ifndef AP_INT_MAX_W
#define AP_INT_MAX_W 4096  // products inside an expression may be wider than any declared type
#endif
#include "ap_fixed.h"
#include "ap_int.h"
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
// How many of N rising thresholds a number reaches: all are compared at once.
template <class T, int N, int Step = 1, class X, class Table>
int compare(const X& x, const Table& table, int start = 0, int offset = 0) {
  #pragma HLS INLINE
  const T given = x;
  int level = 0;
  for (int i = 0; i < N; ++i) {
    #pragma HLS UNROLL
    if (given >= T(table[(start + i) * Step + offset])) ++level;
  }
  return level;
}
constexpr int bits_of(int n) {
  return n == 0 ? 0 : 1 + bits_of(n / 2);
}
// The same by binary search.
template <class T, int N, int Step = 1, class X, class Table>
int search(const X& x, const Table& table, int start = 0, int offset = 0) {
  #pragma HLS INLINE
  const T given = x;
  int level = 0;
  for (int i = 0; i < bits_of(N); ++i) {
    #pragma HLS UNROLL
    const int next = level + (1 << (bits_of(N) - 1 - i));
    if (next <= N && given >= T(table[(start + next - 1) * Step + offset])) level = next;
  }
  return level;
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
#endif
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
