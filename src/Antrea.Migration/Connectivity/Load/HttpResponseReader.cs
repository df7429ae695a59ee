using System.Globalization;

namespace Antrea.Migration.Connectivity.Load;

/// <summary>What a reader of responses needs next.</summary>
internal enum HttpReading
{
    /// <summary>More bytes.</summary>
    Goes,

    /// <summary>Nothing: the response is complete.</summary>
    Complete,

    /// <summary>Nothing: this is no response by the rules; see <see cref="HttpResponseReader.Fault"/>.</summary>
    Broken,
}

/// <summary>Reads one HTTP/1.1 response after another from received bytes, strictly, and keeps no body. Allocates nothing but faults'
/// texts.</summary>
/// <remarks>
/// <para><b>Strict</b> means: what RFC 9112 calls invalid is a fault, also where other clients are lenient: bare line feeds, folded
/// lines, two lengths, a length beside a transfer coding, bytes behind the end. Transfer codings other than chunked are a fault too.</para>
/// <para>For GET requests, sent one at a time. For one thread.</para>
/// </remarks>
internal sealed class HttpResponseReader
{
    public const int MostHeadLength = 16 * 1024;

    private readonly byte[] _buffer = new byte[MostHeadLength];
    private readonly ChunkedBody _chunks = new();
    private readonly HttpHead _head = new();
    private int _length;
    private Body _body;
    private long _left;

    private enum Body
    {
        NotBegun,
        Fixed,
        Chunked,
        UntilClose,
    }

    public int StatusCode => _head.StatusCode;

    /// <summary>Bytes of body so far, without the chunks' framing.</summary>
    public long BodyLength { get; private set; }

    /// <summary>Whether the next request may use the connection.</summary>
    public bool KeepsAlive => _head.KeepsAlive && _body != Body.UntilClose;

    /// <summary>Whether anything of the response has come.</summary>
    public bool HasBegun => _length > 0 || _body != Body.NotBegun;

    /// <summary>What is wrong with it.</summary>
    public string Fault { get; private set; } = "";

    /// <summary>Where the next bytes go; never empty while the reading goes on.</summary>
    public Span<byte> Free => _buffer.AsSpan(_length);

    /// <summary>Gets ready for the next response.</summary>
    public void Begin()
    {
        _length = 0;
        _body = Body.NotBegun;
        BodyLength = 0;
        Fault = "";
    }

    /// <summary>Looks at what has come into <see cref="Free"/>.</summary>
    /// <param name="count">How many bytes; at least one.</param>
    public HttpReading Received(int count)
    {
        if (_body != Body.NotBegun)
        {
            return ReadBody(_buffer.AsSpan(0, count));
        }

        // The end of the head can lie across what came before and what came now.
        var searchFrom = Math.Max(0, _length - 3);
        _length += count;
        while (true)
        {
            var end = _buffer.AsSpan(searchFrom, _length - searchFrom).IndexOf("\r\n\r\n"u8);
            if (end < 0)
            {
                return !HttpHead.CanBegin(_buffer.AsSpan(0, _length)) ? Break("The answer is not HTTP/1.x.")
                    : _length == MostHeadLength ? Break(string.Create(CultureInfo.InvariantCulture, $"The head of the response is longer than {MostHeadLength} bytes."))
                    : HttpReading.Goes;
            }

            var headLength = searchFrom + end + 4;
            if (_head.Read(_buffer.AsSpan(0, headLength - 2)) is { } fault)
            {
                return Break(fault);
            }

            var rest = _buffer.AsSpan(headLength, _length - headLength);
            if (StatusCode >= 200)
            {
                _length = 0;
                return BeginBody(rest);
            }

            // An interim response: the real one follows.
            rest.CopyTo(_buffer);
            (_length, searchFrom) = (rest.Length, 0);
        }
    }

    /// <summary>The other side has closed: complete only for a body that ends so.</summary>
    public HttpReading Closed() => _body == Body.UntilClose ? HttpReading.Complete : HttpReading.Broken;

    private HttpReading BeginBody(Span<byte> rest)
    {
        (_body, _left) = _head switch
        {
            { StatusCode: 204 or 304 } => (Body.Fixed, 0),
            { IsChunked: true } => (Body.Chunked, 0),
            { ContentLength: { } length } => (Body.Fixed, length),
            _ => (Body.UntilClose, 0L),
        };
        _chunks.Begin();
        return ReadBody(rest);
    }

    private HttpReading ReadBody(ReadOnlySpan<byte> bytes)
    {
        switch (_body)
        {
            case Body.Chunked:
                var reading = _chunks.Read(ref bytes);
                BodyLength = _chunks.Length;
                return reading switch
                {
                    HttpReading.Broken => Break("The chunks of the body are not well formed."),
                    HttpReading.Complete when bytes.Length > 0 => BreakBehindEnd(),
                    _ => reading,
                };
            case Body.Fixed:
                BodyLength += bytes.Length;
                _left -= bytes.Length;
                return _left < 0 ? BreakBehindEnd() : _left == 0 ? HttpReading.Complete : HttpReading.Goes;
            default:
                BodyLength += bytes.Length;
                return HttpReading.Goes;
        }
    }

    private HttpReading BreakBehindEnd() => Break("More bytes came than the response has.");

    private HttpReading Break(string fault)
    {
        Fault = fault;
        return HttpReading.Broken;
    }
}
