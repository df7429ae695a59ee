using System.Globalization;
using System.Text;

namespace Antrea.Migration.Clusters;

/// <summary>One thing that is wrong with a file or text that was read, and where.</summary>
/// <param name="Source">The file's path as the caller gave it, or another name for the text.</param>
/// <param name="Message">What is wrong, as a clause without a final stop.</param>
/// <param name="Document">Which document of the file, counted from 1; 0 when the file as a whole is meant.</param>
/// <param name="Line">The line, counted from 1; 0 when unknown.</param>
/// <param name="Column">The column, counted from 1 in characters; 0 when unknown.</param>
/// <param name="Subject">The object, as <c>Kind/name</c>; empty when it is not known yet.</param>
/// <param name="Field">The field's path, for example <c>spec.podCIDRs[0]</c>; empty when no field is meant.</param>
public sealed record InputError(
    string Source, string Message, int Document = 0, int Line = 0, int Column = 0, string Subject = "", string Field = "")
{
    /// <summary>Something wrong with an object that was read: its file, line and document are those of the object.</summary>
    internal static InputError In(ClusterObject obj, string message, string field = "")
    {
        // Source is FILE:LINE where the object came from a file.
        var colon = obj.Source.LastIndexOf(':');
        var hasLine = int.TryParse(obj.Source.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var line) && colon > 0;
        return new InputError(
            hasLine ? obj.Source[..colon] : obj.Source, message, obj.Document, hasLine ? line : 0, Subject: obj.ToString(), Field: field);
    }

    /// <summary><c>pools.yaml:12:5 (document 2): IPPool/default: field 'spec.cidr': message</c>; unknown parts are left out.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Source);
        if (Line > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $":{Line}");
            if (Column > 0)
            {
                text.Append(CultureInfo.InvariantCulture, $":{Column}");
            }
        }

        if (Document > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" (document {Document})");
        }

        if (Subject.Length > 0)
        {
            text.Append(": ").Append(Subject);
        }

        if (Field.Length > 0)
        {
            text.Append(": field '").Append(Field).Append('\'');
        }

        return text.Append(": ").Append(Message).ToString();
    }
}
