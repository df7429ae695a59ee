using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Antrea.Migration.Connectivity;

/// <summary>As much of DNS messages (RFC 1035) as a probe needs: one question, and whether it was answered.</summary>
internal static class DnsMessage
{
    private const int HeaderLength = 12;
    private const int MostNameLength = 253;
    private const int MostLabelLength = 63;
    private const byte IsResponse = 0x80;
    private const byte RecursionDesired = 0x01;

    /// <summary>The query for <paramref name="name"/>.</summary>
    /// <param name="id">What the answer must carry.</param>
    /// <param name="name">With or without the dot at its end.</param>
    /// <param name="type">The record type's number: 1 for A, 28 for AAAA.</param>
    /// <exception cref="ArgumentException">It is no DNS name.</exception>
    public static byte[] Query(ushort id, string name, ushort type)
    {
        var labels = name.TrimEnd('.').Split('.');
        if (name.Length > MostNameLength || Array.Exists(labels, label => label.Length is 0 or > MostLabelLength || !Ascii.IsValid(label)))
        {
            throw new ArgumentException($"'{name}' is no DNS name: labels of 1 to 63 ASCII characters, 253 in all.", nameof(name));
        }

        var message = new byte[HeaderLength + labels.Sum(label => label.Length + 1) + 5];
        BinaryPrimitives.WriteUInt16BigEndian(message, id);
        message[2] = RecursionDesired;
        message[5] = 1;
        var at = HeaderLength;
        foreach (var label in labels)
        {
            message[at++] = (byte)label.Length;
            at += Encoding.ASCII.GetBytes(label, message.AsSpan(at));
        }

        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(at + 1), type);
        message[at + 4] = 1;
        return message;
    }

    /// <summary>Whether <paramref name="message"/> answers <paramref name="query"/>; what does not is somebody else's.</summary>
    public static bool Answers(ReadOnlySpan<byte> message, ReadOnlySpan<byte> query) =>
        message.Length >= query.Length
        && message[..2].SequenceEqual(query[..2])
        && (message[2] & IsResponse) != 0
        && Ascii.EqualsIgnoreCase(message[HeaderLength..query.Length], query[HeaderLength..]);

    /// <summary>Why the answer is no good one; <see langword="null"/> for one that has records.</summary>
    public static SocketException? FaultOf(ReadOnlySpan<byte> answer)
    {
        const int NoSuchName = 3;
        var code = answer[3] & 0x0F;
        return code switch
        {
            0 when BinaryPrimitives.ReadUInt16BigEndian(answer[6..]) > 0 => null,
            0 => new SocketException((int)SocketError.NoData, "The name has no such record."),
            NoSuchName => new SocketException((int)SocketError.HostNotFound, "The name does not exist."),
            _ => new SocketException(
                (int)SocketError.TryAgain, string.Create(CultureInfo.InvariantCulture, $"The server answered with error {code}.")),
        };
    }
}
