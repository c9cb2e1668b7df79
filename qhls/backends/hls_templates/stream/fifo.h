// FIFOs of limited depth in place of the vendors' streams, whose simulation never blocks: each process is a fiber, which
// waits where its FIFO is empty or full. One thread runs all of them, so a run is repeatable.
#ifndef QHLS_FIFO_H
#define QHLS_FIFO_H
#include <cstddef>
#include <cstdlib>
#include <deque>
#include <vector>
#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace qhls_fifo {
const std::size_t STACK = 1 << 18;  // large arrays are static: QHLS_BUFFER
#if defined(__x86_64__)
extern "C" void qhls_fifo_switch(void** from, void* to);
__asm__(
    ".text\n.type qhls_fifo_switch,@function\nqhls_fifo_switch:\n"
    "push %rbp\npush %rbx\npush %r12\npush %r13\npush %r14\npush %r15\n"
    "movq %rsp,(%rdi)\nmovq %rsi,%rsp\n"
    "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\nret\n");
typedef void* Context;
inline void change(Context& from, Context& to) { qhls_fifo_switch(&from, to); }
inline void prepare(Context& context, char* stack, void (*start)()) {
  void** top = reinterpret_cast<void**>(stack + STACK - 64);
  *--top = 0;  // no caller; the stack is aligned as behind a call
  *--top = reinterpret_cast<void*>(start);
  context = top - 6;
}
#else
typedef ucontext_t Context;
inline void change(Context& from, Context& to) { swapcontext(&from, &to); }
inline void prepare(Context& context, char* stack, void (*start)()) {
  getcontext(&context);
  context.uc_stack.ss_sp = stack;
  context.uc_stack.ss_size = STACK;
  context.uc_link = 0;
  makecontext(&context, start, 0);
}
#endif

struct Fiber {
  void (*work)();
  char* stack;
  Context context;
  bool done;
  int waits;  // 0, the number of an empty FIFO from 1 on, or that of a full one, negative
};
struct Scheduler {
  std::vector<Fiber> fibers;
  std::deque<int> ready;
  Context main;
  int current;
  long long samples;
};
inline Scheduler& scheduler() {
  static Scheduler only;
  return only;
}
inline void start() {
  Scheduler& s = scheduler();
  Fiber& fiber = s.fibers[s.current];
  for (long long sample = 0; sample < s.samples; ++sample) fiber.work();
  fiber.done = true;
  change(fiber.context, s.main);
}
// Runs every function once per sample; returns whether all came to their end. ``waits``: the FIFO of each that did not.
inline bool run(const std::vector<void (*)()>& functions, long long samples, int* waits) {
  Scheduler& s = scheduler();
  s.samples = samples;
  s.fibers.assign(functions.size(), Fiber());
  s.ready.clear();
  for (std::size_t i = 0; i < functions.size(); ++i) {
    Fiber& fiber = s.fibers[i];
    fiber.work = functions[i];
    fiber.stack = static_cast<char*>(std::malloc(STACK));
    prepare(fiber.context, fiber.stack, start);
    s.ready.push_back(static_cast<int>(i));
  }
  while (!s.ready.empty()) {
    s.current = s.ready.front();
    s.ready.pop_front();
    change(s.main, s.fibers[s.current].context);
  }
  bool ended = true;
  for (std::size_t i = 0; i < functions.size(); ++i) {
    waits[i] = s.fibers[i].done ? 0 : s.fibers[i].waits;
    ended = ended && s.fibers[i].done;
    std::free(s.fibers[i].stack);
  }
  return ended;
}

// ``depth`` 0: without limit. ``mark``: the most tokens that waited.
template <class T>
class Fifo {
 public:
  explicit Fifo(const char* = "") : number_(0), depth_(0), mark_(0), reader_(-1), writer_(-1) {}
  void open(int number, int depth) {
    number_ = number, depth_ = depth, mark_ = 0, reader_ = writer_ = -1;
    tokens_.clear();
  }
  int mark() const { return mark_; }
  T read() {
    while (tokens_.empty()) wait(reader_, number_);
    T token = tokens_.front();
    tokens_.pop_front();
    wake(writer_);
    return token;
  }
  void write(const T& token) {
    while (depth_ && static_cast<int>(tokens_.size()) >= depth_) wait(writer_, -number_);
    tokens_.push_back(token);
    if (static_cast<int>(tokens_.size()) > mark_) mark_ = static_cast<int>(tokens_.size());
    wake(reader_);
  }

 private:
  static void wait(int& place, int why) {
    Scheduler& s = scheduler();
    place = s.current;
    s.fibers[s.current].waits = why;
    change(s.fibers[place].context, s.main);
  }
  static void wake(int& place) {
    if (place >= 0) scheduler().ready.push_back(place);
    place = -1;
  }
  std::deque<T> tokens_;
  int number_, depth_, mark_, reader_, writer_;
};
}  // namespace qhls_fifo

namespace hls {
template <class T>
using stream = qhls_fifo::Fifo<T>;
}
template <class T>
using ac_channel = qhls_fifo::Fifo<T>;
#endif
