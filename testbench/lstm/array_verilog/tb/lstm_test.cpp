// Test bench of lstm for Verilator: reads stimuli and expected outputs from a folder (argument 1, default
// tb_data), one vector per line, each code in hexadecimal as its bits are. Compares bit for bit.
// Returns 0 when all vectors agree, 1 on a mismatch, 2 when the data cannot be read.
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>
#include "Vqhls.h"

namespace {

template <typename Port> void put(Port& port, const std::uint64_t*& at) { port = static_cast<Port>(*at++); }

template <std::size_t Words> void put(VlWide<Words>& port, const std::uint64_t*& at) {
    for (std::size_t i = 0; i < Words; ++i) port[i] = static_cast<EData>(at[i / 2] >> 32 * (i % 2));
    at += (Words + 1) / 2;
}

template <typename Port> void get(const Port& port, std::uint64_t*& at) { *at++ = port; }

template <std::size_t Words> void get(const VlWide<Words>& port, std::uint64_t*& at) {
    for (std::size_t i = 0; i < (Words + 1) / 2; ++i) at[i] = 0;
    for (std::size_t i = 0; i < Words; ++i) at[i / 2] |= std::uint64_t{port[i]} << 32 * (i % 2);
    at += (Words + 1) / 2;
}

void feed(Vqhls& top, const std::uint64_t*& at) {
    put(top.x_0_0, at);
    put(top.x_0_1, at);
    put(top.x_1_0, at);
    put(top.x_1_1, at);
    put(top.x_2_0, at);
    put(top.x_2_1, at);
}

void collect(const Vqhls& top, std::uint64_t*& at) {
    get(top.result_0, at);
    get(top.result_1, at);
}

}  // namespace

struct Element {
    const char* name;
    int width;
};
static const std::vector<Element> inputs = {
    {"x_0_0", 4},
    {"x_0_1", 4},
    {"x_1_0", 4},
    {"x_1_1", 4},
    {"x_2_0", 4},
    {"x_2_1", 4},
};
static const std::vector<Element> outputs = {
    {"result_0", 12},
    {"result_1", 12},
};

static std::size_t words(const Element& element) { return (element.width + 63) / 64; }

// The words of all vectors; the number of vectors, or -1 for a file that is not whole.
static long long read(const std::string& path, const std::vector<Element>& elements, std::vector<std::uint64_t>& codes) {
    std::ifstream file(path);
    std::string token;
    long long count = 0;
    while (file >> token) {
        const Element& element = elements[count++ % elements.size()];
        const std::size_t length = words(element), digits = (element.width + 3) / 4;
        if (token.find_first_not_of("0123456789abcdef") != std::string::npos || token.size() != digits) return -1;
        token.insert(0, 16 * length - token.size(), '0');
        for (std::size_t word = length; word-- > 0;) codes.push_back(std::stoull(token.substr(16 * word, 16), nullptr, 16));
    }
    return count > 0 && count % elements.size() == 0 ? count / static_cast<long long>(elements.size()) : -1;
}

static void print(const char* label, const std::uint64_t* words, std::size_t count) {
    std::printf("%s ", label);
    for (std::size_t word = count; word-- > 0;) std::printf("%016llx", static_cast<unsigned long long>(words[word]));
}

static long long compare(long long sample, const std::uint64_t* expected, const std::uint64_t* received, bool silent) {
    long long wrong = 0;
    for (const Element& element : outputs) {
        const std::size_t count = words(element);
        bool same = true;
        for (std::size_t word = 0; word < count; ++word) same = same && expected[word] == received[word];
        if (!same && wrong++ == 0 && !silent) {
            std::printf("MISMATCH: vector %lld, port %s:", sample, element.name);
            print(" expected code", expected, count);
            print(", got", received, count);
            std::printf("\n");
        }
        expected += count;
        received += count;
    }
    return wrong;
}

int main(int argc, char** argv) {
    const std::string folder = argc > 1 ? argv[1] : "tb_data";
    std::vector<std::uint64_t> stimuli, expected;
    const long long samples = read(folder + "/stimuli.hex", inputs, stimuli);
    if (samples < 1 || read(folder + "/expected.hex", outputs, expected) != samples) {
        std::printf("ERROR: %s: expected stimuli.hex and expected.hex with equally many whole vectors\n", folder.c_str());
        return 2;
    }
    const std::uint64_t* in = stimuli.data();
    const std::size_t length = expected.size() / samples;
    std::vector<std::uint64_t> received(length);
    long long mismatches = 0, sample = 0;
    VerilatedContext context;
    Vqhls top{&context};
    for (long long tick = 1; sample < samples; ++tick) {
        if (tick <= samples) feed(top, in);
        top.clk = 0;
        top.eval();
        top.clk = 1;
        top.eval();
        if (tick < 17) continue;  // clocks from an input to its output
        std::uint64_t* out = received.data();
        collect(top, out);
        mismatches += compare(sample, expected.data() + sample * length, received.data(), mismatches > 0);
        ++sample;
    }
    std::printf("%s: lstm, %lld vectors, %lld codes compared, %lld mismatches\n", mismatches ? "FAIL" : "PASS", samples,
                samples * static_cast<long long>(outputs.size()), mismatches);
    return mismatches ? 1 : 0;
}
