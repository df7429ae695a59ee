using System.Text;
using Antrea.Migration.Connectivity.Load;
using CsCheck;

namespace Antrea.Migration.Tests.Connectivity.Load;

public class HttpResponseReaderTests
{
    private const string Hello = "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello";
    private const string Chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n";

    [TestCase(Hello, 200, 5, true)]
    [TestCase(Chunks, 200, 15, true)]
    [TestCase("HTTP/1.1 204 No Content\r\n\r\n", 204, 0, true)]
    [TestCase("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, 0, true)]
    [TestCase("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, 0, true)]
    [TestCase("HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + Hello, 200, 5, true)]
    [TestCase("HTTP/1.1 500 Oops\r\ncontent-length:\t0 \r\nConnection: foo, Close\r\n\r\n", 500, 0, false)]
    [TestCase("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 200, 0, false)]
    [TestCase("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", 200, 0, true)]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close, keep-alive\r\n\r\n", 200, 0, false)]
    public void Received_AResponseInPiecesOfAnySize_IsComplete(string response, int status, int length, bool keepsAlive)
    {
        var bytes = Encoding.ASCII.GetBytes(response);
        for (var piece = 1; piece <= bytes.Length; piece++)
        {
            var reader = new HttpResponseReader();
            Assert.That(Feed(reader, bytes, piece), Is.EqualTo((HttpReading.Complete, bytes.Length)), $"in pieces of {piece}");
            Assert.That((reader.StatusCode, reader.BodyLength, reader.KeepsAlive), Is.EqualTo((status, (long)length, keepsAlive)));
        }
    }

    [TestCase("220 mail.example ESMTP\r\n")]
    [TestCase("H2")]
    [TestCase("HTTP/2.0 200 OK\r\n\r\n")]
    [TestCase("HTTP/1.1 2000 OK\r\n\r\n")]
    [TestCase("HTTP/1.1 2x0 OK\r\n\r\n")]
    [TestCase("HTTP/1.1 099 OK\r\n\r\n")]
    [TestCase("HTTP/1.1 200OK\r\n\r\n")]
    [TestCase("HTTP/1.1 101 Switching Protocols\r\n\r\n")]
    [TestCase("HTTP/1.1 200 OK\r\nno field\r\n\r\n")]
    [TestCase("HTTP/1.1 200 OK\r\n: empty\r\n\r\n")]
    [TestCase("HTTP/1.1 200 OK\r\nA : b\r\n\r\n")]
    [TestCase("HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n")]
    [TestCase("HTTP/1.1 200 OK\r\nA: b\nB: c\r\n\r\n")]
    [TestCase("HTTP/1.1 200 OK\r\nA: b\rB: c\r\n\r\n")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [TestCase("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n")]
    [TestCase("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n")]
    [TestCase("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")]
    [TestCase("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n")]
    [TestCase("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n")]
    [TestCase("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n")]
    [TestCase(Hello + "!")]
    [TestCase(Chunks + "!")]
    public void Received_WhatTheRulesForbid_IsBroken(string response)
    {
        var bytes = Encoding.ASCII.GetBytes(response);
        var reader = new HttpResponseReader();
        Assert.That(Feed(reader, bytes, bytes.Length).Reading, Is.EqualTo(HttpReading.Broken));
        Assert.That(reader.Fault, Is.Not.Empty);
    }

    [Test]
    public void Received_AHeadWithoutEnd_IsBroken()
    {
        var reader = new HttpResponseReader();
        var bytes = Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\n" + new string('a', HttpResponseReader.MostHeadLength));
        Assert.That(Feed(reader, bytes, 1000).Reading, Is.EqualTo(HttpReading.Broken));
        Assert.That(reader.Fault, Does.Contain("longer than 16384 bytes"));
    }

    [TestCase("")]
    [TestCase("HTTP/1.1 200 OK\r\nCont")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell")]
    [TestCase("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")]
    public void Closed_BeforeTheEnd_IsBroken(string response)
    {
        var reader = new HttpResponseReader();
        Feed(reader, Encoding.ASCII.GetBytes(response), 7);
        Assert.That(reader.Closed(), Is.EqualTo(HttpReading.Broken));
    }

    [Test]
    public void Closed_ABodyWithoutLength_IsComplete()
    {
        var reader = new HttpResponseReader();
        Assert.That(Feed(reader, "HTTP/1.1 200 OK\r\n\r\nhello"u8.ToArray(), 3).Reading, Is.EqualTo(HttpReading.Goes));
        Assert.That((reader.Closed(), reader.BodyLength, reader.KeepsAlive), Is.EqualTo((HttpReading.Complete, 5L, false)));
    }

    [Test]
    public void Received_AnyBytesInAnyPieces_EndWithTheSameAnswer() =>
        Gen.Select(Gen.OneOf(Gen.Const(Hello), Gen.Const(Chunks)), Gen.Int[0, 120], Gen.Char.AlphaNumeric, Gen.Int[1, 40]).Sample((response, at, other, piece) =>
        {
            var text = at < response.Length ? response[..at] + other + response[(at + 1)..] : response;
            var bytes = Encoding.ASCII.GetBytes(text);
            var whole = Feed(new HttpResponseReader(), bytes, bytes.Length);
            var pieces = Feed(new HttpResponseReader(), bytes, piece);

            // In pieces a fault behind the end is not seen: it would be the next response's.
            return whole.Reading == pieces.Reading || (whole.Reading == HttpReading.Broken && pieces.Reading == HttpReading.Complete);
        });

    /// <summary>Stops where the reading does; says how much was used.</summary>
    private static (HttpReading Reading, int Used) Feed(HttpResponseReader reader, byte[] bytes, int piece)
    {
        reader.Begin();
        var (reading, at) = (HttpReading.Goes, 0);
        while (at < bytes.Length && reading == HttpReading.Goes)
        {
            var count = Math.Min(Math.Min(piece, bytes.Length - at), reader.Free.Length);
            bytes.AsSpan(at, count).CopyTo(reader.Free);
            at += count;
            reading = reader.Received(count);
        }

        return (reading, at);
    }
}
