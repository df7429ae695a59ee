using System.Collections;

namespace Antrea.Migration.Routing.Analysis;

/// <summary>Names in order, of which a few are left out: thousands of lists that differ in a name or two take the memory of one.</summary>
/// <param name="all">All names, in order.</param>
/// <param name="without">The places of those left out, in order.</param>
internal sealed class NodeNames(string[] all, int[] without) : IReadOnlyList<string>
{
    public int Count => all.Length - without.Length;

    public string this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);

            // As many are left out before it as have fewer names of the list before them.
            var (low, high) = (0, without.Length);
            while (low < high)
            {
                var middle = (low + high) / 2;
                (low, high) = without[middle] - middle <= index ? (middle + 1, high) : (low, middle);
            }

            return all[index + low];
        }
    }

    public IEnumerator<string> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
