#include "ingest/datagram_batch.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "tests/ingest/sockets.h"

namespace revertd {
namespace {

TEST(DatagramBatch, DatagramsKeepTheirBordersAndTheirOrder) {
  const DescriptorPair pair = SocketPair(SOCK_DGRAM);
  DatagramBatch batch;
  std::vector<std::string> sent;
  std::vector<std::string> got;
  for (int i = 0; i < 300; ++i) {
    // Longer and shorter than the one before in the same place.
    sent.push_back("datagram " + std::to_string(i) + std::string(static_cast<size_t>(i * 7919 % 3000), 'x'));
    Send(pair.there, sent.back());
    if (i % 5 != 4) continue;
    ASSERT_EQ(batch.Receive(pair.here.get()), 0);
    ASSERT_EQ(batch.size(), 5U);
    for (size_t j = 0; j < batch.size(); ++j) {
      EXPECT_FALSE(batch.IsTruncated(j));
      got.emplace_back(batch.BytesOf(j));
    }
  }
  EXPECT_EQ(got, sent);
}

TEST(DatagramBatch, WhatOneCallCannotTakeTheNextOnesDo) {
  const Descriptor receiver(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(receiver.get(), reinterpret_cast<const sockaddr*>(&any), sizeof(any)), 0);
  const Descriptor sender = ConnectInet(SOCK_DGRAM, PortOf(receiver.get()));
  constexpr size_t kSent = 2 * DatagramBatch::kAtOnce + 7;
  for (size_t i = 0; i < kSent; ++i) Send(sender, "x");
  DatagramBatch batch;
  std::vector<size_t> sizes;
  do {
    ASSERT_EQ(batch.Receive(receiver.get()), 0);
    sizes.push_back(batch.size());
  } while (batch.size() > 0);
  EXPECT_EQ(sizes, (std::vector<size_t>{DatagramBatch::kAtOnce, DatagramBatch::kAtOnce, 7, 0}));
}

TEST(DatagramBatch, ADatagramThatIsTooLongIsCutAndSaysSo) {
  const DescriptorPair pair = SocketPair(SOCK_DGRAM);
  DatagramBatch batch;
  Send(pair.there, std::string(kReceiveBytes, 'a'));
  Send(pair.there, std::string(kReceiveBytes + 1, 'b'));
  Send(pair.there, "");
  ASSERT_EQ(batch.Receive(pair.here.get()), 0);
  ASSERT_EQ(batch.size(), 3U);
  EXPECT_EQ(batch.BytesOf(0), std::string(kReceiveBytes, 'a'));
  EXPECT_FALSE(batch.IsTruncated(0));
  EXPECT_EQ(batch.BytesOf(1), std::string(kReceiveBytes, 'b'));
  EXPECT_TRUE(batch.IsTruncated(1));
  EXPECT_EQ(batch.BytesOf(2), "");
  EXPECT_FALSE(batch.IsTruncated(2));
}

TEST(DatagramBatch, SilenceIsNoErrorAndAnErrorIsSaid) {
  const DescriptorPair pair = SocketPair(SOCK_DGRAM);
  const Descriptor not_a_socket(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  DatagramBatch batch;
  Send(pair.there, "x");
  EXPECT_EQ(batch.Receive(pair.here.get()), 0);
  EXPECT_EQ(batch.size(), 1U);
  EXPECT_EQ(batch.Receive(pair.here.get()), 0);
  EXPECT_EQ(batch.size(), 0U);
  EXPECT_EQ(batch.Receive(not_a_socket.get()), ENOTSOCK);
  EXPECT_EQ(batch.size(), 0U);
}

}  // namespace
}  // namespace revertd
