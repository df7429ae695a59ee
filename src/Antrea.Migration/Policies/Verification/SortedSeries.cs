namespace Antrea.Migration.Policies.Verification;

/// <summary>Series of numbers, each ascending, merged into one. Its buffers are kept from one use to the next. Not safe for use by several threads.</summary>
/// <remarks>The shortest two are merged until one is left, so a long series beside many short ones is gone through about once.</remarks>
internal sealed class SortedSeries
{
    private readonly PriorityQueue<(int First, int End), (int Length, int First)> _series = new();
    private long[] _numbers = new long[1024];
    private int _end;
    private int _first;

    /// <summary>Adds a number to the present series: none smaller than those before it in the series.</summary>
    public void Add(long number)
    {
        Reserve(1);
        _numbers[_end++] = number;
    }

    /// <summary>Ends the present series; the next number begins another.</summary>
    public void EndSeries()
    {
        if (_end > _first)
        {
            _series.Enqueue((_first, _end), (_end - _first, _first));
            _first = _end;
        }
    }

    /// <summary>All numbers, ascending; valid until the next call.</summary>
    public ReadOnlySpan<long> Merge()
    {
        EndSeries();
        while (_series.Count > 1)
        {
            Merge(_series.Dequeue(), _series.Dequeue());
            EndSeries();
        }

        return _series.TryDequeue(out var all, out _) ? _numbers.AsSpan(all.First, all.End - all.First) : [];
    }

    /// <summary>Forgets all numbers.</summary>
    public void Clear()
    {
        _series.Clear();
        _first = _end = 0;
    }

    private void Merge((int First, int End) left, (int First, int End) right)
    {
        Reserve(left.End - left.First + right.End - right.First);
        var numbers = _numbers;
        var (i, j, at) = (left.First, right.First, _end);
        while (i < left.End && j < right.End)
        {
            numbers[at++] = numbers[i] <= numbers[j] ? numbers[i++] : numbers[j++];
        }

        Array.Copy(numbers, i, numbers, at, left.End - i);
        at += left.End - i;
        Array.Copy(numbers, j, numbers, at, right.End - j);
        _end = at + right.End - j;
    }

    private void Reserve(int count)
    {
        if (_end + count > _numbers.Length)
        {
            Array.Resize(ref _numbers, Math.Max(2 * _numbers.Length, _end + count));
        }
    }
}
