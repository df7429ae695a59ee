namespace Antrea.Migration.Tests.Kind;

/// <summary>Collects what is reported.</summary>
internal sealed class Collector(List<string> lines) : IProgress<string>
{
    public void Report(string value) => lines.Add(value);
}
