#include "adapters/tftp/packet.hpp"

#include "adapters/http/provision/files.hpp"
#include "adapters/tftp/source.hpp"
#include "tests/support/catch.hpp"

using namespace strowger::tftp;
using namespace std::string_literals;

namespace {

ReadRequest request_of(const std::string& datagram) {
  const auto packet = parse(datagram);
  REQUIRE(std::holds_alternative<ReadRequest>(packet));
  auto request = std::get<ReadRequest>(packet);
  return request;
}

strowger::http::provision::Delivery in_memory(std::string_view bytes) {
  strowger::http::provision::Delivery delivery;
  delivery.bytes = bytes;
  return delivery;
}

}  // namespace

TEST_CASE("tftp: a request to read, with its mode in any case") {
  const auto plain = "\0\1y000000000028.cfg\0OcTeT\0"s;
  const auto request = request_of(plain);
  CHECK(request.file == "y000000000028.cfg");
  CHECK(request.mode == Mode::octet);
  CHECK_FALSE(request.block_size);
  CHECK_FALSE(request.timeout);
  CHECK_FALSE(request.wants_size);
  CHECK(request_of("\0\1a\0netascii\0"s).mode == Mode::netascii);
}

TEST_CASE("tftp: options that are understood, and those that are as if they had not been sent") {
  const auto all = "\0\1a\0octet\0BLKSIZE\0001468\0tsize\0000\0timeout\0005\0windowsize\0008\0"s;
  const auto request = request_of(all);
  CHECK(request.block_size == 1468);
  CHECK(request.timeout == 5);
  CHECK(request.wants_size);
  for (const auto& odd :
       {"\0\1a\0octet\0blksize\0007\0"s, "\0\1a\0octet\0blksize\0x\0"s, "\0\1a\0octet\0blksize\0\0"s,
        "\0\1a\0octet\0blksize\000-1\0"s, "\0\1a\0octet\0blksize\0004294967297\0"s, "\0\1a\0octet\0timeout\0000\0"s,
        "\0\1a\0octet\0timeout\000256\0"s, "\0\1a\0octet\0tsize\0many\0"s, "\0\1a\0octet\0\0\0\0"s}) {
    const auto read = request_of(odd);
    CHECK_FALSE(read.block_size);
    CHECK_FALSE(read.timeout);
    CHECK_FALSE(read.wants_size);
  }
  CHECK(request_of("\0\1a\0octet\0blksize\00099999\0"s).block_size == 65464);
  CHECK(request_of("\0\1a\0octet\0blksize\000100\0blksize\000200\0"s).block_size == 100);
}

TEST_CASE("tftp: what is no request that can be read says why") {
  for (const auto& bad :
       {"\0\1noend"s, "\0\1a\0octet"s, "\0\1\0octet\0"s, "\0\1a\0mail\0"s, "\0\1a\0\0"s, "\0\1a\0octet\0blksize"s,
        "\0\1a\0octet\0blksize\000512"s, "\0\2a\0octet"s, "\0\1"s + std::string(601, 'a') + "\0octet\0"s}) {
    const auto packet = parse(bad);
    REQUIRE(std::holds_alternative<BadRequest>(packet));
    CHECK_FALSE(std::get<BadRequest>(packet).why.empty());
  }
  CHECK(std::get<WriteRequest>(parse("\0\2log\0octet\0"s)).file == "log");
}

TEST_CASE("tftp: acknowledgements and errors, the rest is noise") {
  CHECK(std::get<Acknowledgement>(parse("\0\4\xff\xfe"s)).block == 0xfffe);
  const auto said = "\0\5\0\3disk full\0"s;
  const auto failure = std::get<Failure>(parse(said));
  CHECK(failure.code == 3);
  CHECK(failure.message == "disk full");
  CHECK(std::get<Failure>(parse("\0\5\0\3no end"s)).message == "no end");
  for (const auto& noise : {""s, "\0"s, "\0\1"s, "\0\4\0"s, "\0\3\0\1data"s, "\0\6a\0b\0"s, "\0\7abc"s, "GET / "s})
    CHECK(std::holds_alternative<Noise>(parse(noise)));
}

TEST_CASE("tftp: what is sent") {
  CHECK(data_packet(0x0102, "ab") == "\0\3\1\2ab"s);
  CHECK(options_packet({{"blksize", "512"}, {"tsize", "7"}}) == "\0\6blksize\000512\0tsize\0007\0"s);
  CHECK(error_packet(ErrorCode::not_found, "Not found") == "\0\5\0\1Not found\0"s);
  CHECK(error_packet(ErrorCode::undefined, std::string(5000, 'x')).size() == 405);
  CHECK(error_packet(ErrorCode::undefined, "a\0b"s) == "\0\5\0\0a\0"s);
}

TEST_CASE("tftp: netascii, also where a line's end falls between two blocks") {
  std::string out;
  append_netascii(out, "a\nb\rc\r\n");
  CHECK(out == "a\r\nb\r\0c\r\0\r\n"s);
  const std::string text(1000, '\n');
  Source source(in_memory(text), Mode::netascii);
  CHECK_FALSE(source.size());
  std::string whole;
  for (;;) {
    const auto block = source.next(511).value();
    whole += block;
    if (block.size() < 511) break;
  }
  REQUIRE(whole.size() == 2000);
  for (std::size_t i = 0; i < whole.size(); i += 2) REQUIRE(whole.substr(i, 2) == "\r\n");
}

TEST_CASE("tftp: a source gives its bytes once, in order, and then none") {
  const std::string text(200'000, 'x');
  Source source(in_memory(text), Mode::octet);
  CHECK(source.size() == text.size());
  std::size_t sum = 0;
  for (std::string block = source.next(1468).value(); !block.empty(); block = source.next(1468).value())
    sum += block.size();
  CHECK(sum == text.size());
  CHECK(source.next(10).value().empty());
}
