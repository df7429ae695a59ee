namespace Antrea.Migration.Connectivity;

/// <summary>What a flow is: who asks whom, over what kind of path. Its text is what reports call it.</summary>
/// <param name="Source">Who asks, for example <c>default/client</c>; empty where nobody says.</param>
/// <param name="Destination">Who is asked, for example <c>nginx-origin</c> or a URL.</param>
/// <param name="Path">What kind of path it is, for example <c>Pod to Service</c>; empty where nobody says.</param>
public sealed record FlowName(string Source, string Destination, string Path = "")
{
    /// <summary>For example <c>default/client → nginx-origin</c>; the destination alone where there is no source.</summary>
    public override string ToString() => Source.Length == 0 ? Destination : $"{Source} → {Destination}";
}
