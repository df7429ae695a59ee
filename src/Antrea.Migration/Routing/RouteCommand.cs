namespace Antrea.Migration.Routing;

/// <summary>A command line that stands above its output in a saved session, for example <c>root@w2:/# ip -6 route</c>.</summary>
/// <param name="IsIPv6">The family of what follows.</param>
/// <param name="Table">The table that was asked for; its name is not printed then. Null for more than one.</param>
internal sealed record RouteCommand(bool IsIPv6, string? Table)
{
    private const int MostWordsBefore = 12;

    /// <summary>The command in a line, or null when there is none.</summary>
    public static RouteCommand? Find(List<string> words)
    {
        for (var i = 0; i < Math.Min(words.Count, MostWordsBefore); i++)
        {
            if (words[i] is "ip" or "$ip" or "#ip" || words[i].EndsWith("/ip", StringComparison.Ordinal))
            {
                return Read(words, i + 1);
            }
        }

        return null;
    }

    private static RouteCommand? Read(List<string> words, int at)
    {
        var isIPv6 = false;
        for (; at < words.Count && words[at].StartsWith('-'); at++)
        {
            isIPv6 |= words[at] is "-6" or "-f6" || (words[at].Length > 2 && words[at][1] != '-' && words[at].Contains('6', StringComparison.Ordinal));
        }

        if (at == words.Count || !(Begins("route", words[at]) || (words[at].Length > 1 && Begins("rule", words[at]))))
        {
            return null;
        }

        var table = words.IndexOf("table", at);
        return new RouteCommand(isIPv6, table > 0 && table + 1 < words.Count && words[table + 1] is not ("all" or "0") ? words[table + 1] : null);
    }

    private static bool Begins(string whole, string word) => word.Length > 0 && whole.StartsWith(word, StringComparison.Ordinal);
}
