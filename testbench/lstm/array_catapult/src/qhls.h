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
// How many of N rising thresholds a number reaches: all are compared at once.
template <class T, int N, int Step = 1, class X, class Table>
int compare(const X& x, const Table& table, int start = 0, int offset = 0) {
  // inlined, as each function without a block is
  const T given = x;
  int level = 0;
  #pragma hls_unroll yes
  for (int i = 0; i < N; ++i) {
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
  // inlined, as each function without a block is
  const T given = x;
  int level = 0;
  #pragma hls_unroll yes
  for (int i = 0; i < bits_of(N); ++i) {
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
