namespace Antrea.Migration.Connectivity.Load;

/// <summary>Reads a chunked body (RFC 9112, section 7.1) byte by byte, but data in one step; keeps none of it.</summary>
internal sealed class ChunkedBody
{
    private const int MostDigits = 15;
    private const int MostLineLength = 4096;

    private Place _place;
    private long _left;
    private int _count;

    private enum Place
    {
        Size,
        Extension,
        SizeEnd,
        Data,
        DataReturn,
        DataEnd,
        TrailerStart,
        Trailer,
        TrailerEnd,
        LastEnd,
    }

    /// <summary>Bytes of data so far.</summary>
    public long Length { get; private set; }

    public void Begin()
    {
        (_place, _left, _count) = (Place.Size, 0, 0);
        Length = 0;
    }

    /// <summary>Reads on.</summary>
    /// <param name="bytes">What came; afterwards what lies behind the end.</param>
    public HttpReading Read(ref ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            if (_place == Place.Data)
            {
                var taken = (int)Math.Min(bytes.Length, _left);
                bytes = bytes[taken..];
                Length += taken;
                _left -= taken;
                _place = _left == 0 ? Place.DataReturn : Place.Data;
                continue;
            }

            var next = bytes[0];
            bytes = bytes[1..];
            if (_place == Place.LastEnd)
            {
                return next == '\n' ? HttpReading.Complete : HttpReading.Broken;
            }

            if (!TryStep(next))
            {
                return HttpReading.Broken;
            }
        }

        return HttpReading.Goes;
    }

    private bool TryStep(byte next)
    {
        switch (_place)
        {
            case Place.Size when char.IsAsciiHexDigit((char)next):
                _left = (_left * 16) + HexValue(next);
                return ++_count <= MostDigits;
            case Place.Size when _count > 0 && next == ';':
                return Go(Place.Extension);
            case Place.Size when _count > 0 && next == '\r':
            case Place.Extension when next == '\r':
                return Go(Place.SizeEnd);
            case Place.Trailer when next == '\r':
                return Go(Place.TrailerEnd);
            case Place.Extension or Place.Trailer:
                return next != '\n' && ++_count <= MostLineLength;
            case Place.SizeEnd when next == '\n':
                return Go(_left == 0 ? Place.TrailerStart : Place.Data);
            case Place.DataReturn when next == '\r':
                return Go(Place.DataEnd);
            case Place.DataEnd when next == '\n':
                _left = 0;
                return Go(Place.Size);
            case Place.TrailerStart when next == '\r':
                return Go(Place.LastEnd);
            case Place.TrailerStart when next != '\n':
                return Go(Place.Trailer);
            case Place.TrailerEnd when next == '\n':
                return Go(Place.TrailerStart);
            default:
                return false;
        }
    }

    private bool Go(Place place)
    {
        (_place, _count) = (place, 0);
        return true;
    }

    private static int HexValue(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
