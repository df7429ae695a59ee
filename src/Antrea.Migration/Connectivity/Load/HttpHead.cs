using System.Buffers;
using System.Text;

namespace Antrea.Migration.Connectivity.Load;

/// <summary>What the head of a response says about its body and its connection.</summary>
internal sealed class HttpHead
{
    private static readonly SearchValues<byte> Token =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    private static readonly SearchValues<byte> Forbidden = SearchValues.Create("\r\n\0"u8);

    private bool _saysClose;
    private bool _saysKeepAlive;

    public int StatusCode { get; private set; }

    public long? ContentLength { get; private set; }

    public bool IsChunked { get; private set; }

    /// <summary>Whether the connection stays; HTTP/1.1 keeps it unless told otherwise.</summary>
    public bool KeepsAlive { get; private set; }

    /// <summary>Whether a response can begin with these bytes, however few.</summary>
    public static bool CanBegin(ReadOnlySpan<byte> bytes)
    {
        var begin = "HTTP/1."u8;
        var length = Math.Min(bytes.Length, begin.Length);
        return bytes[..length].SequenceEqual(begin[..length]);
    }

    /// <summary>Reads the status line and the fields, each with its line end.</summary>
    /// <returns>What is wrong with them; <see langword="null"/> for nothing.</returns>
    public string? Read(ReadOnlySpan<byte> lines)
    {
        (ContentLength, IsChunked, _saysClose, _saysKeepAlive) = (null, false, false, false);
        var end = lines.IndexOf((byte)'\r');
        var status = lines[..end];
        if (status.Length < 12 || !CanBegin(status) || status[7] is not ((byte)'0' or (byte)'1') || status[8] != ' '
            || (status.Length > 12 && status[12] != ' ') || status.IndexOfAny(Forbidden) >= 0
            || !TryReadNumber(status[9..12], out var code) || code is < 100 or > 599)
        {
            return "The answer does not begin with an HTTP/1.x status line.";
        }

        StatusCode = (int)code;
        var keepsByDefault = status[7] == '1';
        for (lines = lines[end..]; lines.Length > 0; lines = lines[end..])
        {
            if (lines.Length < 2 || lines[1] != '\n')
            {
                return "A line of the head does not end as lines do.";
            }

            lines = lines[2..];
            if (lines.Length == 0)
            {
                break;
            }

            end = lines.IndexOf((byte)'\r');
            var colon = lines[..end].IndexOf((byte)':');
            if (colon <= 0 || lines[..colon].IndexOfAnyExcept(Token) >= 0 || lines[..end].IndexOfAny(Forbidden) >= 0)
            {
                return "A line of the head is no field.";
            }

            if (ReadField(lines[..colon], Trim(lines[(colon + 1)..end])) is { } fault)
            {
                return fault;
            }
        }

        KeepsAlive = !_saysClose && (keepsByDefault || _saysKeepAlive);
        return code == 101 ? "The server switches to a protocol that nobody asked for."
            : IsChunked && ContentLength is not null ? "The head has a length beside a transfer coding."
            : null;
    }

    private string? ReadField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        switch (name.Length)
        {
            case 10 when Ascii.EqualsIgnoreCase(name, "Connection"u8):
                ReadConnection(value);
                return null;
            case 14 when Ascii.EqualsIgnoreCase(name, "Content-Length"u8):
                if (!TryReadNumber(value, out var length) || (ContentLength ?? length) != length)
                {
                    return "The head has no plain length, or two that differ.";
                }

                ContentLength = length;
                return null;
            case 17 when Ascii.EqualsIgnoreCase(name, "Transfer-Encoding"u8):
                var isFirst = !IsChunked;
                IsChunked = true;
                return isFirst && Ascii.EqualsIgnoreCase(value, "chunked"u8) ? null : "The body has a transfer coding other than chunked.";
            default:
                return null;
        }
    }

    private void ReadConnection(ReadOnlySpan<byte> value)
    {
        foreach (var range in value.Split((byte)','))
        {
            var option = Trim(value[range]);
            _saysClose |= Ascii.EqualsIgnoreCase(option, "close"u8);
            _saysKeepAlive |= Ascii.EqualsIgnoreCase(option, "keep-alive"u8);
        }
    }

    private static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> value) => value.Trim(" \t"u8);

    /// <summary>Digits and nothing else, 18 at most.</summary>
    private static bool TryReadNumber(ReadOnlySpan<byte> text, out long number)
    {
        number = 0;
        foreach (var digit in text)
        {
            if (digit is < (byte)'0' or > (byte)'9')
            {
                return false;
            }

            number = (number * 10) + (digit - '0');
        }

        return text.Length is > 0 and <= 18;
    }
}
