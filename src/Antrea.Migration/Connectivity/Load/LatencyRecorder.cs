using HdrHistogram;

namespace Antrea.Migration.Connectivity.Load;

/// <summary>Collects times in constant memory and without allocation. For one thread.</summary>
/// <param name="digits">To how many digits percentiles are exact.</param>
internal sealed class LatencyRecorder(int digits = 3)
{
    /// <summary>In ticks of 100 ns; what took longer counts as this.</summary>
    private const long Longest = TimeSpan.TicksPerDay;

    private readonly LongHistogram _histogram = new(Longest, digits);
    private long _sum;
    private long _min = long.MaxValue;
    private long _max;

    public long Count => _histogram.TotalCount;

    public TimeSpan Max => new(_max);

    public void Add(TimeSpan time)
    {
        var ticks = Math.Clamp(time.Ticks, 0, Longest);
        _histogram.RecordValue(ticks);
        _sum += ticks;
        _min = Math.Min(_min, ticks);
        _max = Math.Max(_max, ticks);
    }

    public void Clear()
    {
        _histogram.Reset();
        (_sum, _min, _max) = (0, long.MaxValue, 0);
    }

    /// <summary>The time that this share of all did not exceed; zero when there was nothing.</summary>
    /// <remarks>The histogram tells the end of the bucket that the value is in, which can lie behind the longest of all.</remarks>
    public TimeSpan Percentile(double percentile) =>
        Count == 0 ? TimeSpan.Zero : new(Math.Min(_histogram.GetValueAtPercentile(percentile), _max));

    public LatencyDistribution ToDistribution() => Count == 0
        ? new LatencyDistribution(0, default, default, default, default, default, default, default, default, default)
        : new LatencyDistribution(
            Count,
            new TimeSpan(_min),
            new TimeSpan(_sum / Count),
            Percentile(50),
            Percentile(90),
            Percentile(95),
            Percentile(99),
            Percentile(99.9),
            Percentile(99.99),
            Max);
}
