using System.Globalization;
using Antrea.Migration.Connectivity.Load;

namespace Antrea.Migrator.Output.Timelines;

/// <summary>Maps how long requests took to places from bottom to top: each power of ten gets the same room.</summary>
internal sealed class LatencyAxis
{
    private const double LeastMilliseconds = 0.01;

    private readonly int _from;
    private readonly int _to;

    /// <param name="dots">All requests that will be drawn.</param>
    public LatencyAxis(IEnumerable<LoadDot> dots)
    {
        var (least, most) = (double.MaxValue, 0.0);
        foreach (var dot in dots)
        {
            var took = MillisecondsOf(dot);
            (least, most) = (Math.Min(least, took), Math.Max(most, took));
        }

        _from = most == 0 ? 0 : (int)Math.Floor(Math.Log10(least));
        _to = most == 0 ? 3 : Math.Max((int)Math.Ceiling(Math.Log10(most)), _from + 1);
    }

    /// <summary>Where a request lies between the bottom, 0, and the top, 1.</summary>
    public double At(LoadDot dot) => (Math.Log10(MillisecondsOf(dot)) - _from) / (_to - _from);

    /// <summary>The powers of ten, from the bottom.</summary>
    public IEnumerable<(double At, string Label)> Ticks() => Enumerable.Range(_from, _to - _from + 1)
        .Select(power => ((power - _from) / (double)(_to - _from), Label(Math.Pow(10, power))));

    private static double MillisecondsOf(LoadDot dot) => Math.Max(dot.Took.TotalMilliseconds, LeastMilliseconds);

    private static string Label(double milliseconds) => milliseconds >= 1000
        ? string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 1000:0} s")
        : string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0.###} ms");
}
